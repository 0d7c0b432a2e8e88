// After a form whose answer is a page, such as leaving a room or hiding a conversation, the focus begins
// at the page's main part instead of nowhere, and a page that comes again keeps its scroll position.

const KEY = "after-form", SOON = 10_000;

function take() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
    sessionStorage.removeItem(KEY);
    return kept;
  } catch {
    return null; // A browser may refuse storage; the page then begins at its top.
  }
}

const before = take();
const isFree = () => document.activeElement === document.body && !location.hash && !document.querySelector("[autofocus]:not(dialog *)");
if (before && Date.now() - before.at < SOON && isFree()) {
  document.getElementById("main")?.focus({ preventScroll: true });
  if (before.path === location.pathname) scrollTo(0, before.top);
}

// After all other handlers: a form that a script sends leads to no other page.
addEventListener("submit", event => {
  if (event.defaultPrevented || event.target.method !== "post") return;
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ at: Date.now(), path: location.pathname, top: scrollY }));
  } catch { /* As above. */ }
});
