// The emoji picker: fetched when first opened, searched by name, moved through with the arrow keys.

import { placeBeside } from "../layout/beside.js";
import { isComposing } from "../layout/keys.js";
import { recent, remember } from "./reactions.js";

const picker = document.getElementById("emoji"), search = document.getElementById("emoji-search");
const all = document.getElementById("emoji-all"), none = document.getElementById("emoji-none");
const lately = document.querySelector("#emoji-recent div");
let give, back;

// Open beside `anchor` and call `chosen` with the emoji chosen. The focus returns to `anchor`.
export function pick(anchor, chosen) {
  if (picker.matches(":popover-open")) picker.hidePopover();
  [give, back] = [chosen, anchor];
  search.value = "";
  lately.replaceChildren(...recent().map(emoji => {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: emoji, tabIndex: -1 });
    return button;
  }));
  if (!all.querySelector("section")) htmx.trigger(all, "wanted");
  picker.showPopover();
  beside(anchor);
  sift();
  // On a phone, focus in the search field would raise the keyboard over half of the emoji.
  (matchMedia("(pointer: coarse)").matches ? lately.firstElementChild : search).focus();
}

function beside(anchor) {
  if (innerWidth < 480) picker.removeAttribute("style");
  else placeBeside(picker, anchor);
}

const shown = () => [...picker.querySelectorAll("section:not([hidden]) button:not([hidden])")];

function sift() {
  const words = search.value.trim().toLowerCase().split(/\s+/);
  const wanted = search.value.trim() !== "";
  document.getElementById("emoji-recent").hidden = wanted;
  for (const section of all.querySelectorAll("section")) {
    let any = false;
    for (const button of section.querySelectorAll("button")) {
      const names = ` ${button.title} ${button.dataset.words ?? ""}`;
      button.hidden = wanted && !words.every(word => names.includes(` ${word}`)) && button.textContent !== words[0];
      any ||= !button.hidden;
    }
    section.hidden = !any;
  }
  none.textContent = wanted && all.querySelector("section") && !shown().length ? "There is no emoji of that name." : "";
}

function take(button) {
  const emoji = button.textContent;
  remember(emoji);
  picker.hidePopover();
  give(emoji);
}

picker.addEventListener("click", event => {
  const button = event.target.closest("section button");
  if (button) take(button);
});
search.addEventListener("input", sift);
document.addEventListener("htmx:after:swap", event => { if (event.target === all) sift(); });

// The nearest emoji in the row above or below; rows differ in length.
function vertical(buttons, at, down) {
  const from = at.getBoundingClientRect(), middle = from.left + from.width / 2;
  const boxes = buttons.map(button => [button, button.getBoundingClientRect()])
    .filter(([, box]) => down ? box.top > from.bottom - 2 : box.bottom < from.top + 2);
  const row = boxes.length && (down ? boxes[0] : boxes.at(-1))[1].top;
  return boxes.filter(([, box]) => Math.abs(box.top - row) < 2)
    .sort(([, a], [, b]) => Math.abs(a.left - middle) - Math.abs(b.left - middle))[0]?.[0];
}

function step(key, buttons) {
  const at = document.activeElement, index = buttons.indexOf(at);
  const ahead = getComputedStyle(picker).direction === "rtl" ? -1 : 1;
  if (index < 0) return key === "ArrowDown" ? buttons[0] : undefined;
  if (key === "ArrowRight") return buttons[index + ahead];
  if (key === "ArrowLeft") return buttons[index - ahead];
  if (key === "Home" || key === "End") return buttons.at(key === "Home" ? 0 : -1);
  if (key === "ArrowDown") return vertical(buttons, at, true);
  if (key === "ArrowUp") return vertical(buttons, at, false) ?? search;
}

picker.addEventListener("keydown", event => {
  if (isComposing(event)) return;
  if (event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    return picker.hidePopover();
  }
  const buttons = shown();
  if (event.key === "Enter" && document.activeElement === search && buttons.length) {
    event.preventDefault();
    return take(buttons[0]);
  }
  const next = step(event.key, buttons);
  if (next) {
    event.preventDefault();
    next.focus();
  }
});

picker.addEventListener("toggle", event => {
  if (event.newState === "closed" && (document.activeElement === document.body || picker.contains(document.activeElement)) && back?.isConnected) back.focus();
});

document.addEventListener("click", event => {
  const button = event.target.closest("[data-emoji]");
  const field = button?.form?.elements.body;
  if (field) pick(button, emoji => {
    field.focus();
    field.setRangeText(emoji, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
});
