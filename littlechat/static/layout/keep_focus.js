// Keeps the keyboard's focus from being lost when the element that has it is replaced, removed or hidden:
// it goes to the same element of the new version, or to what is nearest.

const { body } = document;
let last, names = []; // The element that has the focus, and the ids of the elements around it.
let asked = false;

const isThere = one => one?.isConnected && one.checkVisibility({ visibilityProperty: true }) && !one.disabled && !one.closest("[inert]");
const isLost = () => !document.activeElement || document.activeElement === body;

// What makes an element the same one in a new version of the page's part.
function signature(one) {
  return [one.tagName, one.getAttribute("href"), one.name, one.value, one.dataset.do, one.ariaLabel ?? one.textContent.trim()].join("\n");
}

function follow(event) {
  last = { element: event.target, signature: signature(event.target) };
  names = [];
  for (let one = event.target; one && one !== body; one = one.parentElement) if (one.id) names.push(one.id);
}

const FOCUSABLE = "a[href], button, input:not([type=hidden]), textarea, select, summary, [tabindex]";
const within = box => [...box.querySelectorAll(FOCUSABLE)].filter(isThere);

function successor() {
  for (const id of names) {
    const box = document.getElementById(id);
    if (!box) continue;
    const same = isThere(box) && [box, ...within(box)].find(one => one.matches(FOCUSABLE) && isThere(one) && signature(one) === last.signature);
    if (same) return same;
    // What was closed leads back to what opened it.
    const opener = [...document.querySelectorAll(`[popovertarget="${id}"]:not([popovertargetaction=hide])`)].find(isThere);
    if (!isThere(box) && opener) return opener;
    if (isThere(box) && id !== "main") {
      const found = box.matches(".message") ? box.querySelector(".time") : box.matches(FOCUSABLE) ? box : within(box)[0];
      if (found) return found;
    }
  }
  // On a touch screen the message field would raise the keyboard.
  const place = document.getElementById(matchMedia("(pointer: coarse)").matches ? "scroll" : "body");
  return place ?? document.getElementById("main");
}

function recover() {
  asked = false;
  if (!last || !isLost() || !document.hasFocus() || isThere(last.element)) return;
  successor()?.focus({ preventScroll: true });
}

// A frame later: browsers take the focus from a hidden element when they draw.
function ask() {
  if (asked || !last) return;
  asked = true;
  requestAnimationFrame(() => setTimeout(recover));
}

document.addEventListener("focusin", follow);
document.addEventListener("focusout", event => {
  // Whoever presses on nothing takes the focus away on purpose; the element is still there then.
  setTimeout(() => {
    if (last?.element === event.target && isLost() && isThere(event.target) && document.hasFocus()) last = undefined;
    else ask();
  });
});
document.addEventListener("toggle", ask, true);
document.addEventListener("close", ask, true);
new MutationObserver(ask).observe(body, { childList: true, subtree: true, attributeFilter: ["hidden", "disabled", "inert"] });
