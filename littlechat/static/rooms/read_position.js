// How far this room is read: reports it to the server, draws the line above new messages, and offers a
// jump to it. Messages count as read when the list is scrolled to its end in a visible, focused window.

import { drawLine } from "../messages/personalise.js";
import { atEnd } from "../messages/scroll.js";

const EVERY = 5_000, JITTER = 2_000;
const list = document.getElementById("messages");
const jump = document.getElementById("first-unread");
const { me, room } = document.body.dataset;
const seqOf = item => Number(item.dataset.seq);
const first = Number(list.dataset.read);
let read = first, told = first; // The read position as this page knows it, and as reported to the server.
let held = false; // Set by mark unread, until the reader posts, or leaves the tab and returns.
let known = last(), line = known > first ? first : Infinity, toldAt = -EVERY, timer;

function last() {
  const shown = list.querySelectorAll(":scope > .message");
  return shown.length ? seqOf(shown[shown.length - 1]) : 0;
}

const isLooking = () => document.visibilityState === "visible" && document.hasFocus();
const isAttending = () => !held && isLooking() && atEnd() && !list.querySelector(":scope > .newer");

function look() {
  if (isAttending() && last() > read) {
    read = last();
    document.dispatchEvent(new CustomEvent("littlechat:read", { detail: { room, read } }));
  }
  if (read > told && !timer) {
    const wait = toldAt + EVERY - performance.now();
    timer = setTimeout(tell, wait > 0 ? wait + Math.random() * JITTER : 0);
  }
}

async function tell() {
  clearTimeout(timer);
  timer = undefined;
  if (read <= told) return;
  const before = told;
  [told, toldAt] = [read, performance.now()];
  if (!await post({ seq: read })) told = Math.min(told, before);
}

function post(values) {
  // keepalive: the request must survive the closing of the page.
  return fetch(`/rooms/${room}/read`, {
    method: "POST", body: new URLSearchParams(values), headers: { "HX-Request": "true" }, keepalive: true,
  }).then(answer => answer.ok, () => false);
}

function moveLine(to) {
  line = to;
  drawLine(line);
  watchLine();
}

list.addEventListener("littlechat:placed", event => {
  const posts = event.detail.filter(item => seqOf(item) > known);
  const before = known;
  known = Math.max(known, last());
  if (posts.some(item => item.dataset.author === me)) {
    held = false;
    moveLine(Infinity);
  } else if (posts.length && !isAttending() && before <= read) moveLine(read);
  look();
});

document.addEventListener("littlechat:heard", event => {
  const heard = event.detail;
  if (heard.room !== room) return;
  if (heard.read) read = Math.max(read, heard.read);
  if (heard.read) told = Math.max(told, heard.read);
  if (heard.unread) putBack(Number(heard.unread));
  if (heard.end) look();
});

function putBack(seq) {
  read = told = seq;
  held = true;
  clearTimeout(timer);
  timer = undefined;
  moveLine(seq);
}

document.addEventListener("littlechat:unread", event => {
  const before = event.detail - 1;
  putBack(before);
  document.dispatchEvent(new CustomEvent("littlechat:read", { detail: { room, unread: String(before) } }));
  post({ seq: before + 1, unread: 1 });
});

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") return tell();
  held = false;
  look();
});
addEventListener("pagehide", tell);
addEventListener("focus", look);
document.getElementById("scroll").addEventListener("scroll", look, { passive: true });

// The jump to the line is offered only while the line is above the visible part.
let drawn;
const sight = new IntersectionObserver(entries => {
  if (entries.at(-1).isIntersecting || entries.at(-1).boundingClientRect.top > innerHeight / 2) jump.hidden = true;
}, { root: document.getElementById("scroll") });

function watchLine() {
  sight.disconnect();
  drawn = list.querySelector(".new-line");
  if (drawn) sight.observe(drawn);
  else if (line === Infinity) jump.hidden = true;
}

jump.addEventListener("click", event => {
  const there = list.querySelector(".new-line");
  if (!there || !event.target.closest("a")) return;
  event.preventDefault();
  jump.hidden = true;
  there.scrollIntoView({ block: "center" });
  there.closest(".message").querySelector(".time").focus({ preventScroll: true });
});

moveLine(line);
look();
