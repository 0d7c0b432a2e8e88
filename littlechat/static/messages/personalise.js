// What differs between readers, put on messages that the server renders for all alike: times, days,
// whose they are, and which follow each other closely.

import { dayName, dayOf, localiseAll } from "../layout/times.js";

const TOGETHER = 5 * 60_000;
const list = document.getElementById("messages");
const me = document.body.dataset.me;
const newLine = document.getElementById("new-line").content.firstElementChild;
let line = Infinity;

const moment = item => new Date(item.querySelector("time")?.dateTime ?? NaN);
// Replies that stand in their threads alone are in the list and not seen there.
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
  // Before the first one loaded there may be others of its day: that shows when they are loaded.
  const first = !before && !list.querySelector(":scope > .older");
  const newDay = first || (before && dayOf(moment(before)) !== dayOf(at));
  if (newDay) item.dataset.day = dayName(at);
  else delete item.dataset.day;
  const isNew = Boolean(item.querySelector(":scope > .new-line"));
  item.classList.toggle(
    "follows",
    Boolean(before) && !newDay && !isNew && !item.matches(".removed") && before.dataset.author === item.dataset.author && at - moment(before) < TOGETHER,
  );
}

export function dress(item) {
  item.classList.toggle("mine", item.dataset.author === me);
  localiseAll(item);
  const called = item.dataset.mentions?.split(" ") ?? []; // By @here, too: who was online then.
  item.querySelectorAll(".mention").forEach(one => {
    const name = one.dataset.mention;
    one.classList.toggle("to-me", name === me || name === "all" || (name === "here" && called.includes(me)));
  });
  item.classList.toggle("calls-me", Boolean(item.querySelector(".mention.to-me")) && item.dataset.author !== me);
  item.querySelectorAll(".reactions button").forEach(button =>
    button.setAttribute("aria-pressed", button.dataset.names.split(" ").includes(me)));
  // What scrolls sideways must be reachable for those who have no pointer to scroll it with.
  item.querySelectorAll("pre > code").forEach(code => {
    if (code.scrollWidth > code.clientWidth) code.tabIndex = 0;
  });
}

// The line stands above the first message after `line` that somebody else wrote, if what comes
// before it is here too: else it would stand wherever the loaded part happens to begin.
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
  items.forEach(dress);
  const touched = new Set([...items, ...putLine()]);
  items.forEach(item => { const after = next(item); if (after) touched.add(after); });
  touched.forEach(relate);
}

all([...list.querySelectorAll(":scope > .message")]);
new MutationObserver(changes => {
  const added = changes.flatMap(change => [...change.addedNodes]);
  all(added.filter(node => node.isConnected && node.matches?.(".message")));
}).observe(list, { childList: true });
