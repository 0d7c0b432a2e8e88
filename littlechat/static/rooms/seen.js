// Which messages of the room were on the screen while somebody looked at it. A message counts once its
// last line was visible: a long one is not read by its beginning.

const EDGE = 8;
const scroller = document.getElementById("scroll");
const list = document.getElementById("messages");
const onScreen = new Set();
const seen = new Set();

// On a phone an open thread covers the room, which is then inert.
export const isLooking = () => document.visibilityState === "visible" && document.hasFocus()
  && !scroller.closest("[inert]");

export const wasSeen = item => seen.has(item.dataset.seq);
export const forget = () => seen.clear();

// Take in what is on the screen now, if somebody looks; return what was seen for the first time.
export function takeIn() {
  if (!isLooking()) return [];
  const box = scroller.getBoundingClientRect();
  // A jump is heard of before the observer has noticed what it has left behind.
  const ends = ({ bottom }) => bottom > box.top && bottom <= box.bottom + EDGE;
  const fresh = [...onScreen].filter(item =>
    item.isConnected && !wasSeen(item) && ends(item.getBoundingClientRect()));
  fresh.forEach(item => seen.add(item.dataset.seq));
  return fresh;
}

// `look` is called whenever something may have been seen.
export function watch(look) {
  const sight = new IntersectionObserver(entries => {
    for (const { target, isIntersecting } of entries) onScreen[isIntersecting ? "add" : "delete"](target);
    look();
  }, { root: scroller });
  const observe = nodes => nodes.forEach(node => node.matches?.(".message") && sight.observe(node));
  observe([...list.children]);
  new MutationObserver(changes => changes.forEach(change => {
    observe([...change.addedNodes]);
    change.removedNodes.forEach(node => { onScreen.delete(node); if (node.matches?.(".message")) sight.unobserve(node); });
  })).observe(list, { childList: true });
  scroller.addEventListener("scroll", look, { passive: true });
  addEventListener("focus", look);
}
