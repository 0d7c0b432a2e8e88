// Reactions: a click on one adds or removes the reader's own; others come from the emoji picker. The
// emoji used lately are remembered in this browser.

import { post } from "./requests.js";

const KEPT = 24;
const USUAL = ["👍", "❤️", "😂"];
const KEY = "emoji:recent";
const { me, room } = document.body.dataset;

export function recent() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]").filter(one => typeof one === "string");
    return [...new Set([...kept, ...USUAL])];
  } catch {
    return USUAL;
  }
}

export function remember(emoji) {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]").filter(one => one !== emoji);
    localStorage.setItem(KEY, JSON.stringify([emoji, ...kept].slice(0, KEPT)));
  } catch { /* A browser may refuse storage; the default ones are then offered. */ }
}

const there = (seq, emoji) => [...document.querySelectorAll(`#message-${seq} .reactions button, #thread-message-${seq} .reactions button`)]
  .some(button => button.value === emoji && button.dataset.names.split(" ").includes(me));

// Sends "on" or "off" instead of a toggle, so that two tabs or a retry have the same effect.
export function react(seq, emoji) {
  return post(`/rooms/${room}/messages/${seq}/reactions`, { emoji, on: there(seq, emoji) ? "0" : "1" });
}

document.addEventListener("submit", event => {
  if (!event.target.matches(".reactions") || !event.submitter) return;
  event.preventDefault();
  react(event.target.closest(".message").dataset.seq, event.submitter.value);
});
