// Keyboard shortcuts (_shortcuts.html lists them for people), and the buttons that open and close
// dialogs. Keys that another script has handled, or that belong to an input method or the browser, are
// left alone.

import { openSwitcher } from "../rooms/switcher.js";
import { isComposing } from "./keys.js";

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);
const STORED = "single-keys";
const sheet = document.getElementById("keys");
const single = sheet.querySelector("[name=single]");

const isField = target => target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
const composer = () => document.querySelector("#composer textarea");

const OPENERS = { switcher: openSwitcher, keys: openSheet };

function openSheet() {
  if (document.querySelector("dialog[open]")) return;
  sheet.showModal();
}

const AHEAD_SECONDS = 5; // A page that has not loaded by then was stopped or failed to load.

let ahead; // Where the last step leads: the next one starts there, even if that page has not loaded yet.
let forgetting;

// Go to the next or previous conversation of the room list; after the last comes the first.
function walk(step, unread) {
  const links = [...document.querySelectorAll("#rooms li a[href^='/rooms/']")];
  const here = links.findIndex(link => ahead ? link.href === ahead : link.hasAttribute("aria-current"));
  const start = here < 0 && step < 0 ? links.length : here;
  for (let n = 1; n <= links.length; n++) {
    const link = links[(start + n * step + n * links.length + links.length) % links.length];
    if (link === links[here]) break;
    if (unread && !link.querySelector(".badge:not([hidden])")) continue;
    ahead = link.href;
    clearTimeout(forgetting);
    forgetting = setTimeout(forget, AHEAD_SECONDS * 1000);
    return link.click();
  }
}

function forget() {
  ahead = undefined;
}

function search() {
  const field = document.querySelector("[data-search], #search");
  if (field?.checkVisibility()) field.focus();
  else openSwitcher();
}

// Escape: open dialogs and menus close themselves; else focus the message field; else go to the newest
// message.
function escape(event) {
  if (event.target.closest?.("form.edit") || document.querySelector(":popover-open")) return;
  const field = composer(), news = document.getElementById("news");
  if (document.activeElement !== field) field?.focus();
  else if (!news?.hidden) news?.click();
}

const SINGLE = { "?": openSheet, "/": search, c: () => composer()?.focus() };

function press(event) {
  if (isComposing(event) || event.defaultPrevented) return;
  const { key, altKey, shiftKey, ctrlKey, metaKey } = event;
  const mod = MAC ? metaKey && !ctrlKey : ctrlKey && !metaKey;
  if (mod && !altKey && !shiftKey && key.toLowerCase() === "k") return take(event, openSwitcher);
  if (document.querySelector("dialog[open]")) return;
  if (altKey && !ctrlKey && !metaKey && (key === "ArrowUp" || key === "ArrowDown")) {
    // On a Mac, Alt with an arrow moves the caret in text.
    if (MAC && isField(event.target) && event.target.value) return;
    return take(event, () => walk(key === "ArrowUp" ? -1 : 1, shiftKey));
  }
  if (ctrlKey || metaKey || altKey) return;
  if (key === "Escape") return escape(event);
  if (single.checked && !isField(event.target) && Object.hasOwn(SINGLE, key)) take(event, SINGLE[key]);
}

function take(event, act) {
  event.preventDefault();
  if (!event.repeat) act();
}

document.addEventListener("keydown", press);
// A browser may restore this page from its back-forward cache, with its variables.
addEventListener("pageshow", forget);

document.addEventListener("click", event => {
  const opener = event.target.closest?.("[data-open]");
  if (opener && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    OPENERS[opener.dataset.open]();
  }
  const dialog = event.target.closest?.("dialog");
  // A click on the backdrop has the dialog itself as its target.
  if (dialog && (event.target === dialog || event.target.closest("[data-close]"))) dialog.close();
});

try {
  single.checked = localStorage.getItem(STORED) !== "off";
} catch { /* A browser may refuse storage; the choice then lasts until the page is left. */ }
single.addEventListener("change", () => {
  try {
    localStorage.setItem(STORED, single.checked ? "on" : "off");
  } catch { /* As above. */ }
});

if (MAC) {
  document.querySelectorAll("[data-mod]").forEach(key => { key.textContent = "⌘"; });
  document.querySelectorAll("[data-alt]").forEach(key => { key.textContent = "⌥"; });
}
