// The one menu of all messages: it moves to the message under the pointer or with the focus, so that
// the server need not render one per message. On touch screens it is a button that opens a sheet.

import { post, say } from "./requests.js";
import { pick } from "./emoji_picker.js";
import { react, recent, remember } from "./reactions.js";
import { openThread } from "./threads.js";

const QUICK = 3;
const { me, room, manages } = document.body.dataset;
const menu = document.getElementById("message-tools").content.firstElementChild.cloneNode(true);
const [more, acts] = menu.children;
const quick = acts.querySelector(".quick");
const touch = matchMedia("(hover: none)");
const button = name => acts.querySelector(`[data-do=${name}]`);

function offer(event) {
  const item = event.target.closest(".message");
  if (!item) return;
  const mine = item.dataset.author === me, gone = item.matches(".removed");
  button("edit").hidden = !mine || gone;
  button("remove").hidden = !(mine || manages === "yes") || gone;
  button("react").hidden = quick.hidden = gone;
  // Who reacted: on a touch screen there is no tooltip that would tell.
  acts.querySelector(".whom").textContent = [...item.querySelectorAll(".reactions button")]
    .map(one => `${one.value} ${one.title}`).join(" · ");
  if (!item.contains(menu)) {
    quick.replaceChildren(...recent().slice(0, QUICK).map(quickly));
    item.querySelector(".byline").append(menu);
  }
}

function quickly(emoji) {
  const one = document.createElement("button");
  Object.assign(one, { type: "button", textContent: emoji, ariaLabel: `React with ${emoji}` });
  one.dataset.react = emoji;
  return one;
}

["pointerover", "focusin", "click"].forEach(kind => document.addEventListener(kind, offer));

function adapt() {
  more.popoverTargetElement = touch.matches ? acts : null;
  if (touch.matches) acts.popover = "auto";
  else acts.removeAttribute("popover");
  acts.querySelectorAll("[data-do]").forEach(one => { one.title = touch.matches ? "" : one.textContent; });
}
touch.addEventListener("change", adapt);
adapt();

// The menu's other button, mark unread, is handled in rooms/read_position.js.
const verbs = {
  react: (item, by) => pick(touch.matches ? more : by, emoji => react(item.dataset.seq, emoji)),
  reply: item => openThread(Number(item.dataset.thread ?? item.dataset.seq), { write: true, opener: item }),
  copy: item => copy(item.querySelector(".time").href),
  edit: (item, by, address) => edit(item, address),
  remove: (item, by, address) => confirm("Remove this message for everybody?") && post(`${address}/remove`),
};

menu.addEventListener("click", event => {
  const by = event.target.closest("button"), item = menu.closest(".message");
  if (!by || by === more) return;
  if (acts.matches("[popover]")) acts.hidePopover();
  if (by.dataset.react) {
    remember(by.dataset.react);
    react(item.dataset.seq, by.dataset.react);
  } else verbs[by.dataset.do]?.(item, by, `/rooms/${room}/messages/${item.dataset.seq}`);
});

async function copy(address) {
  try {
    await navigator.clipboard.writeText(address);
    say("The link is copied.");
  } catch {
    // Browsers offer the clipboard only over https and on localhost.
    prompt("The link to this message:", address);
  }
}

acts.addEventListener("keydown", event => {
  const all = [...acts.querySelectorAll("button")].filter(one => one.checkVisibility());
  const at = all.indexOf(document.activeElement);
  const ahead = getComputedStyle(acts).direction === "rtl" ? -1 : 1;
  const step = { ArrowRight: ahead, ArrowLeft: -ahead, ArrowDown: 1, ArrowUp: -1 }[event.key];
  const next = step ? all.at((at + step) % all.length) : { Home: all[0], End: all.at(-1) }[event.key];
  if (!next) return;
  event.preventDefault();
  next.focus();
});

export async function edit(item, address) {
  const { seq } = item.dataset;
  // A message shown in the room and in the open thread is edited in one of the two only.
  if (!document.getElementById(`edit-${seq}`)) {
    await htmx.ajax("GET", `${address}/edit`, { target: item.querySelector(".message-body"), swap: "innerHTML" });
  }
  const field = document.getElementById(`edit-${seq}`);
  field?.focus();
  field?.setSelectionRange(field.value.length, field.value.length);
}

document.addEventListener("keydown", event => {
  const form = event.target.closest?.("form.edit");
  if (!form) return;
  if (event.key === "Escape") {
    event.preventDefault();
    form.querySelector("button[type=button]").click();
  }
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});
