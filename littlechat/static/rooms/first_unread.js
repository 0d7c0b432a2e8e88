// The first unread message: the room opens there, and a jump to it is offered while it is above what is
// on the screen, or so far back that it is not loaded.

import { expect, passed } from "../messages/scroll.js";

const NEW = "#new";
const scroller = document.getElementById("scroll");
const list = document.getElementById("messages");
const jump = document.getElementById("first-unread"), link = jump.querySelector("a");
const { me, room } = document.body.dataset;
const seqOf = item => Number(item.dataset.seq);
const lineOf = () => list.querySelector(".new-line");
const isAbove = element => element.getBoundingClientRect().bottom < scroller.getBoundingClientRect().top;

const unreadAfter = seq => [...list.querySelectorAll(":scope > .message:not(.threaded)")]
  .filter(item => seqOf(item) > seq && item.dataset.author !== me);

function isOutOfReach(seq) {
  const first = list.querySelector(":scope > .message");
  return Boolean(first) && seqOf(first) > seq + 1 && Boolean(list.querySelector(":scope > .older"));
}

// `seq` is the read position, `count` is how many are unread after it, `fresh` are those seen just now.
export function offer(seq, count, fresh) {
  passed(fresh);
  const first = count && !isOutOfReach(seq) ? unreadAfter(seq)[0] : null;
  jump.hidden = !count || !(first ? isAbove(first) : isOutOfReach(seq));
  if (jump.hidden) return;
  const text = `${count.toLocaleString("en")} new: jump to the first`;
  if (link.textContent !== text) link.textContent = text;
  link.href = `/rooms/${room}?around=${seq + 1}${NEW}`;
}

function show(line) {
  line.scrollIntoView({ block: "start" });
  const { bottom } = scroller.getBoundingClientRect();
  expect(unreadAfter(seqOf(line.closest(".message")) - 1)
    .filter(item => item.getBoundingClientRect().bottom > bottom));
}

// Return whether the line is in this page; else the link leads to a page that has it.
export function goToLine() {
  const line = lineOf();
  if (!line) return false;
  jump.hidden = true;
  show(line);
  line.closest(".message").querySelector(".time").focus({ preventScroll: true });
  return true;
}

export function openAtLine() {
  const line = lineOf();
  if (line && ["", NEW].includes(location.hash) && (location.hash || isAbove(line))) show(line);
}

// While nobody looks, new messages push the line above them up to the edge and no further.
let wasPassed = false;
list.addEventListener("littlechat:placing", () => { wasPassed = Boolean(lineOf()) && isAbove(lineOf()); });
export function stayAtLine() {
  const line = lineOf();
  if (line && !wasPassed && isAbove(line)) show(line);
}
