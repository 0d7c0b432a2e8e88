// The room list beside a room keeps its scroll position from page to page, and shows the current room.

const KEY = "rail";
const rail = document.getElementById("rail-scroll");

function stored() {
  try {
    return Number(sessionStorage.getItem(KEY));
  } catch {
    return 0; // A browser may refuse storage; the list then begins at its top.
  }
}

rail.scrollTop = stored();
const current = rail.querySelector("[aria-current]")?.getBoundingClientRect();
const seen = rail.getBoundingClientRect();
// Only the list is scrolled: scrollIntoView would move the page as well.
if (current && current.top < seen.top) rail.scrollTop += current.top - seen.top;
else if (current && current.bottom > seen.bottom) rail.scrollTop += current.bottom - seen.bottom;

rail.addEventListener("scroll", () => {
  try {
    sessionStorage.setItem(KEY, rail.scrollTop);
  } catch { /* As above. */ }
}, { passive: true });
