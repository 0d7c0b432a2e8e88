// The scroll position of the message list: at the newest message, or at older ones while a button
// counts the new ones below.

const NEAR = 60;
const scroller = document.getElementById("scroll");
const list = document.getElementById("messages");
const news = document.getElementById("news");
const me = document.body.dataset.me;
const waiting = new Set(); // The numbers of messages below that are to be read, for the button.

// The list is laid out from its end (column-reverse): scrollTop is 0 at the newest, negative above.
// Where newer messages are still to be loaded, the end of what is loaded is not the newest.
export const atEnd = () => scroller.scrollTop > -NEAR && !list.querySelector(":scope > .newer");

export function toEnd() {
  scroller.scrollTop = 0;
  waiting.clear();
  show();
}

// Count messages among those below, or no more.
export function expect(items) {
  items.forEach(item => waiting.add(item.dataset.seq));
  show();
}

export function passed(items) {
  if (items.filter(item => waiting.delete(item.dataset.seq)).length) show();
}

function show() {
  if (news.tagName === "A") return;
  news.hidden = !waiting.size;
  news.textContent = waiting.size === 1 ? "1 new message" : `${waiting.size} new messages`;
}

let last = Math.max(0, ...[...list.querySelectorAll(".message")].map(item => Number(item.dataset.seq)));
list.addEventListener("littlechat:placed", event => {
  const posts = event.detail.filter(item => !item.matches(".threaded") && Number(item.dataset.seq) > last);
  if (!posts.length) return;
  last = Math.max(...posts.map(item => Number(item.dataset.seq)));
  if (posts.some(item => item.dataset.author === me)) toEnd();
  else if (!atEnd()) expect(posts);
});

scroller.addEventListener("scroll", () => {
  if (waiting.size && atEnd()) toEnd();
}, { passive: true });
if (news.tagName === "BUTTON") news.addEventListener("click", () => { toEnd(); document.getElementById("body").focus(); });

// A page opened at old messages that has now loaded all newer ones joins the live feed from there.
new MutationObserver(changes => {
  const gone = changes.some(change => [...change.removedNodes].some(node => node.matches?.(".newer")));
  const older = changes.some(change => [...change.addedNodes].some(node => node.matches?.(".newer")));
  if (!gone || older) return;
  const end = list.querySelector(":scope > .cursor");
  if (end) list.dataset.cursor = end.dataset.cursor;
  document.dispatchEvent(new Event("littlechat:reconnect"));
}).observe(list, { childList: true });

// Whatever is inserted above or below, the message being read stays where it is on the screen.
let mark;

function remember() {
  const box = scroller.getBoundingClientRect();
  const item = [...list.querySelectorAll(":scope > .message")]
    .find(one => one.getBoundingClientRect().bottom > box.top + box.height / 2);
  mark = item && !atEnd() ? { item, top: item.getBoundingClientRect().top } : undefined;
}

function restore() {
  if (mark?.item.isConnected) scroller.scrollTop += mark.item.getBoundingClientRect().top - mark.top;
  mark = undefined;
}

list.addEventListener("littlechat:placing", remember);
list.addEventListener("littlechat:placed", restore);
list.addEventListener("htmx:before:swap", remember);
document.addEventListener("htmx:after:swap", restore);

const target = location.hash.startsWith("#message-") && document.getElementById(location.hash.slice(1));
if (target) target.scrollIntoView({ block: "center" });
else toEnd();
