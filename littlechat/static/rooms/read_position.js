// How far this room is read, and the line above new messages. What was not on the screen is unread: the
// position moves on only through messages that were seen, one after the other, so that what a jump skips
// stays unread.

import { drawLine } from "../messages/personalise.js";
import { atEnd } from "../messages/scroll.js";
import { goToLine, offer, openAtLine, stayAtLine } from "./first_unread.js";
import * as server from "./report_read.js";
import { forget, isLooking, takeIn, wasSeen, watch } from "./seen.js";

const list = document.getElementById("messages");
const jump = document.getElementById("first-unread");
const { me, room } = document.body.dataset;
const seqOf = item => Number(item.dataset.seq);
const place = (seq, unlisted) => ({ seq: Number(seq), unlisted: Number(unlisted ?? 0) });
const placeOf = item => place(item.dataset.seq, item.dataset.unlisted);
const listed = position => position.seq - position.unlisted;
const further = (one, other) => other.seq > one.seq ? other : one;
const items = () => [...list.querySelectorAll(":scope > .message")];

let end = place(list.dataset.end, list.dataset.endUnlisted);
let read = place(list.dataset.read, list.dataset.readUnlisted);
let known = last(); // The last message of this page.
let held = false; // Set by mark unread, until the reader posts, or leaves the tab and returns.
let answered = false; // Whether the reader has posted since the line was drawn.

function last() {
  return Math.max(0, ...items().slice(-1).map(seqOf));
}

const unread = () => Math.max(0, listed(end) - listed(read));

// One's own messages, and those that stand in their threads alone, are passed without being seen.
const isPassed = item => item.dataset.author === me || item.matches(".threaded") || wasSeen(item);

function look() {
  const fresh = held ? [] : takeIn();
  if (!held && isLooking()) advance();
  if (answered && !unread()) moveLine(Infinity);
  offer(read.seq, unread(), fresh);
}

// A room's numbers have no holes: where the next one is not loaded, the rest is not known to be seen.
function advance() {
  const before = read;
  for (let item; (item = document.getElementById(`message-${read.seq + 1}`)) && isPassed(item);) read = placeOf(item);
  if (read !== before) noteRead();
}

function noteRead() {
  end = further(end, read);
  announce({ read: read.seq, unlisted: read.unlisted });
  server.report(read.seq);
}

const announce = detail => document.dispatchEvent(new CustomEvent("littlechat:read", { detail: { room, ...detail } }));

function moveLine(to) {
  answered = false;
  drawLine(to);
}

function putBack(to) {
  [read, held] = [to, true];
  forget();
  server.putBack(to.seq);
  moveLine(to.seq);
}

list.addEventListener("littlechat:placed", ({ detail }) => {
  const posts = detail.filter(item => seqOf(item) > known);
  const wasRead = known <= read.seq;
  known = Math.max(known, last());
  end = posts.map(placeOf).reduce(further, end);
  if (posts.some(item => item.dataset.author === me)) [held, answered] = [false, true];
  else if (posts.length && wasRead && !(isLooking() && atEnd())) moveLine(read.seq);
  if (posts.length && !isLooking()) stayAtLine();
  look();
});

list.addEventListener("littlechat:reloaded", () => {
  known = last();
  end = items().map(placeOf).reduce(further, end);
  if (unread()) moveLine(read.seq);
  look();
});

document.addEventListener("littlechat:heard", ({ detail: heard }) => {
  if (heard.room !== room) return;
  if (heard.end) end = further(end, place(heard.end, heard.unlisted));
  if (heard.read) {
    const told = place(heard.read, heard.unlisted);
    read = further(read, told);
    server.isTold(told.seq);
  }
  if (heard.unread) putBack(place(heard.unread, heard.unlisted));
  look();
});

document.addEventListener("littlechat:unread", ({ detail: seq }) => {
  const item = document.getElementById(`message-${seq}`) ?? document.getElementById(`thread-message-${seq}`);
  putBack(place(seq - 1, placeOf(item).unlisted - item.matches(".threaded")));
  announce({ unread: String(read.seq), unlisted: read.unlisted });
  server.reportUnread(seq);
  look();
});

jump.addEventListener("click", event => {
  if (!event.target.closest("a")) return;
  moveLine(read.seq);
  if (goToLine()) event.preventDefault();
});
jump.addEventListener("submit", event => {
  event.preventDefault();
  [read, held] = [end, false];
  noteRead();
  moveLine(Infinity);
  server.tell();
  look();
});

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "hidden") held = false;
  look();
});

if (unread()) moveLine(read.seq);
openAtLine();
watch(look);
look();
