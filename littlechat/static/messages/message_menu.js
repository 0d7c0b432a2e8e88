// What can be done with a message: by its toolbar, and by the menu behind the toolbar's last button,
// which on a touch screen is a sheet with everything.

import { placeBeside } from "../layout/beside.js";
import { rewind, rove } from "../layout/roving.js";
import { edit } from "./edit.js";
import { pick } from "./emoji_picker.js";
import { isOpen, more, toolbar } from "./message_toolbar.js";
import { react, recent, remember } from "./reactions.js";
import { post, say } from "./requests.js";
import { meant } from "../layout/confirm.js";
import { openThread } from "./threads.js";

const SHOWN = 3;
const { me, room, manages } = document.body.dataset;
const menu = document.getElementById("message-menu");
const acts = menu.querySelector(".acts"), lately = menu.querySelector(".lately");
const touch = matchMedia("(hover: none)");
const entry = name => acts.querySelector(`[data-do=${name}]`);
let item;

function open() {
  item = toolbar.closest(".message");
  const mine = item.dataset.author === me, gone = item.matches(".removed");
  entry("edit").hidden = !mine || gone;
  entry("remove").hidden = !(mine || manages === "yes") || gone;
  entry("react").hidden = lately.hidden = gone;
  lately.replaceChildren(...recent().slice(0, SHOWN).map(quickly));
  // Who reacted: on a touch screen there is no tooltip that would tell.
  menu.querySelector(".whom").textContent = [...item.querySelectorAll(".reactions button")]
    .map(one => `${one.value} ${one.title}`).join(" · ");
  menu.showPopover({ source: more });
  if (touch.matches) menu.removeAttribute("style");
  else placeBeside(menu, more);
  rewind(acts);
  acts.querySelector("button[tabindex='0']").focus({ preventScroll: true });
}

function quickly(emoji) {
  const one = document.createElement("button");
  Object.assign(one, { type: "button", role: "menuitem", textContent: emoji, ariaLabel: `React with ${emoji}` });
  one.dataset.react = emoji;
  return one;
}

menu.addEventListener("toggle", event => { more.ariaExpanded = String(event.newState === "open"); });

// The menu itself marks its message for read_position.js, which puts the read position back.
const verbs = {
  react: by => pick(by, emoji => react(item.dataset.seq, emoji)),
  reply: () => openThread(Number(item.dataset.thread ?? item.dataset.seq), { write: true, opener: item }),
  copy: () => copy(item.querySelector(".time").href),
  unread: () => document.dispatchEvent(new CustomEvent("littlechat:unread", { detail: Number(item.dataset.seq) })),
  edit: (by, address) => edit(item, address),
  remove: async (by, address) => await meant(`${address}/remove`) && post(`${address}/remove`),
};

function act(button, by) {
  if (button.dataset.react) {
    remember(button.dataset.react);
    react(item.dataset.seq, button.dataset.react);
  } else verbs[button.dataset.do]?.(by, `/rooms/${room}/messages/${item.dataset.seq}`);
}

toolbar.addEventListener("click", event => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button === more) return isOpen() ? menu.hidePopover() : open();
  item = toolbar.closest(".message");
  act(button, button);
});

acts.addEventListener("click", event => {
  const button = event.target.closest("button");
  if (!button) return;
  menu.hidePopover(); // The focus returns to the toolbar's button.
  act(button, more);
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

rove(acts);
