// Back into a room leads to the place that was read there: the history entry holds the message at the
// top of the list, and how far it was from the top.

import { atEnd } from "./scroll.js";

const SETTLED = 100;
const scroller = document.getElementById("scroll");
const list = document.getElementById("messages");
let timer;

function note() {
  const top = scroller.getBoundingClientRect().top;
  const item = !atEnd() && [...list.querySelectorAll(":scope > .message:not(.threaded)")]
    .find(one => one.getBoundingClientRect().bottom > top);
  const place = item ? { seq: item.dataset.seq, top: item.getBoundingClientRect().top - top } : null;
  history.replaceState({ ...history.state, place }, "");
}

export function returnToPlace() {
  const [{ type } = {}] = performance.getEntriesByType("navigation");
  const place = type === "navigate" ? null : history.state?.place;
  if (!place) return;
  const item = document.getElementById(`message-${place.seq}`), url = new URL(location.href);
  if (item) {
    scroller.scrollTop += item.getBoundingClientRect().top - scroller.getBoundingClientRect().top - place.top;
  } else if (url.searchParams.get("around") !== place.seq) {
    // The place is further back than the messages that the page begins with.
    url.searchParams.set("around", place.seq);
    history.replaceState(history.state, "", url);
    location.reload();
  }
}

scroller.addEventListener("scroll", () => {
  clearTimeout(timer);
  timer = setTimeout(note, SETTLED);
}, { passive: true });
