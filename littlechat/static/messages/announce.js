// Says each new message once to screen readers, with its author, in a region of its own: the list itself
// is not live, because it also changes with history, reactions, edits and the toolbar.

import { isShown } from "./threads.js";

const SPOKEN = 300; // Characters of one message.
const KEPT = 10;
const AT_ONCE = 5;
const list = document.getElementById("messages");
const region = document.getElementById("announcer");
const me = document.body.dataset.me;
const seqOf = item => Number(item.dataset.seq);
let last = Math.max(0, ...[...list.querySelectorAll(":scope > .message")].map(seqOf));

function say(sentence) {
  const line = document.createElement("p");
  line.textContent = sentence;
  region.append(line);
  while (region.children.length > KEPT) region.firstElementChild.remove();
}

function sentence(item) {
  const text = item.querySelector(".message-body").textContent.replace(/\s+/g, " ").trim();
  const names = [...item.querySelectorAll(".picture img, .file .name, .player a")].map(one => one.alt ?? one.textContent);
  const where = item.matches(".threaded") ? ", in the thread" : "";
  return `${item.dataset.author}${where}: ${[text.slice(0, SPOKEN), ...names].filter(Boolean).join(", ")}`;
}

// Messages that come together, such as after a lost connection, would be read out for minutes.
list.addEventListener("littlechat:arrived", ({ detail }) => {
  const fresh = detail.filter(item => seqOf(item) > last);
  last = Math.max(last, ...fresh.map(seqOf));
  const heard = fresh.filter(item => item.dataset.author !== me && !item.matches(".removed") && isShown(item));
  if (heard.length > AT_ONCE) say(`${heard.length} new messages, the last by ${heard.at(-1).dataset.author}`);
  else heard.map(sentence).forEach(say);
});
