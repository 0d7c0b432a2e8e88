// The server renders messages the same for everybody. This adds what differs between readers: local
// times and days, which messages are their own or mention them, and the line above the new ones. It also
// groups consecutive messages of one author.

import { dayOf } from "../layout/days.js";
import { dayName, localiseAll } from "../layout/times.js";

const TOGETHER = 5 * 60_000;
const list = document.getElementById("messages");
const me = document.body.dataset.me;
const newLine = document.getElementById("new-line").content.firstElementChild;
let line = Infinity;

const moment = item => new Date(item.querySelector("time")?.dateTime ?? NaN);
// Replies that are shown only in their thread are in the list, hidden.
const seen = other => other.matches(".message:not(.threaded)");
const previous = item => {
  let other = item.previousElementSibling;
  while (other && !seen(other)) other = other.previousElementSibling;
  return other;
};
const next = item => {
  let other = item.nextElementSibling;
  while (other && !seen(other)) other = other.nextElementSibling;
  return other;
};

function relate(item) {
  if (!seen(item)) return;
  const before = previous(item), at = moment(item);
  // The first loaded message tells its day, too, though it may not be the first of it.
  const newDay = !before || dayOf(moment(before)) !== dayOf(at);
  if (newDay) item.dataset.day = dayName(at);
  else delete item.dataset.day;
  const isNew = Boolean(item.querySelector(":scope > .new-line"));
  item.classList.toggle(
    "follows",
    Boolean(before) && !newDay && !isNew && !item.matches(".removed") && before.dataset.author === item.dataset.author && at - moment(before) < TOGETHER,
  );
}

export function personalise(item) {
  item.classList.toggle("mine", item.dataset.author === me);
  localiseAll(item);
  const called = item.dataset.mentions?.split(" ") ?? []; // Includes whom @here addressed: those who were online then.
  item.querySelectorAll(".mention").forEach(one => {
    const name = one.dataset.mention;
    one.classList.toggle("to-me", name === me || name === "all" || (name === "here" && called.includes(me)));
  });
  item.classList.toggle("calls-me", Boolean(item.querySelector(".mention.to-me")) && item.dataset.author !== me);
  item.querySelectorAll(".reactions button").forEach(button =>
    button.setAttribute("aria-pressed", button.dataset.names.split(" ").includes(me)));
  // Code that scrolls sideways must be focusable, so that it can be scrolled with the keyboard.
  item.querySelectorAll("pre > code").forEach(code => {
    if (code.scrollWidth > code.clientWidth) code.tabIndex = 0;
  });
}

// The new-messages line stands above the first message after `line` by somebody else, if the message
// before it is loaded too: otherwise it would stand wherever the loaded part happens to begin.
function putLine() {
  const items = [...list.querySelectorAll(":scope > .message")];
  const fresh = items.find(item =>
    Number(item.dataset.seq) > line && item.dataset.author !== me && !item.matches(".threaded"));
  const whole = items.length && (Number(items[0].dataset.seq) <= line + 1 || !list.querySelector(":scope > .older"));
  const old = list.querySelector(".new-line"), at = whole ? fresh : undefined;
  if (old?.parentNode === at) return [];
  const left = old?.parentNode;
  old?.remove();
  at?.prepend(newLine.cloneNode(true));
  return [left, at].filter(item => item?.isConnected);
}

export function drawLine(after) {
  line = after;
  putLine().forEach(relate);
}

function all(items) {
  items.forEach(personalise);
  const touched = new Set([...items, ...putLine()]);
  items.forEach(item => { const after = next(item); if (after) touched.add(after); });
  touched.forEach(relate);
}

document.addEventListener("littlechat:day", () =>
  list.querySelectorAll("[data-day]").forEach(item => { item.dataset.day = dayName(moment(item)); }));

all([...list.querySelectorAll(":scope > .message")]);
new MutationObserver(changes => {
  const added = changes.flatMap(change => [...change.addedNodes]);
  all(added.filter(node => node.isConnected && node.matches?.(".message")));
}).observe(list, { childList: true });
