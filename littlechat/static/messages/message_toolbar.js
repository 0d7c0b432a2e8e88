// The one toolbar of all messages: it moves to the message under the pointer or with the focus, so that
// the server need not render one per message. Its last button opens the menu (message_menu.js).

import { rewind, rove } from "../layout/roving.js";
import { recent } from "./reactions.js";

export const toolbar = document.getElementById("message-tools").content.firstElementChild.cloneNode(true);
export const more = toolbar.querySelector(".more");
const quick = toolbar.querySelector(".quick"), react = toolbar.querySelector("[data-do=react]");

let at = ""; // Where the pointer was.

// Whether a person moved the pointer: messages also pass under one that rests.
function isMoved(event) {
  const before = at;
  at = `${event.screenX},${event.screenY}`;
  return at !== before;
}

export const isOpen = () => more.ariaExpanded === "true";

function offer(event) {
  const passes = event.type === "pointerover" && !isMoved(event);
  const item = event.target.closest(".message");
  if (!item || isOpen()) return;
  const gone = item.matches(".removed");
  quick.hidden = react.hidden = gone;
  if (item.contains(toolbar)) return;
  const focused = toolbar.contains(document.activeElement);
  if (focused && passes) return;
  // The focus stays at the message that the toolbar leaves.
  if (focused) toolbar.closest(".message").querySelector(".time").focus({ preventScroll: true });
  const [emoji] = recent();
  Object.assign(quick, { textContent: emoji, ariaLabel: `React with ${emoji}` });
  quick.dataset.react = emoji;
  item.querySelector(".byline").append(toolbar);
  rewind(toolbar);
}

["pointerover", "focusin", "click"].forEach(kind => document.addEventListener(kind, offer));
toolbar.querySelectorAll("[data-do]").forEach(one => { one.title = one.textContent; });
rove(toolbar);
