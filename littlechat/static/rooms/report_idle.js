// Whether anybody is there: ten minutes without a touch in any tab of this browser, and the page
// says so up its socket; and that somebody is, when they come back and every few minutes.

const IDLE = 10 * 60_000, LOOK = 10_000, SAY = 4 * 60_000;
let touchedAt = Date.now(), saidAt = 0, away = false;

function shared(value) {
  try {
    if (value) localStorage.setItem("touched", value);
    return Number(localStorage.getItem("touched")) || 0;
  } catch {
    return 0; // Storage is switched off: each tab then counts for itself.
  }
}

function say() {
  saidAt = Date.now();
  document.dispatchEvent(new CustomEvent(away ? "littlechat:away" : "littlechat:here"));
}

function look() {
  const idle = Date.now() - Math.max(touchedAt, shared()) > IDLE;
  if (idle !== away || (!away && Date.now() - saidAt > SAY)) {
    away = idle;
    say();
  }
}

function touched() {
  if (!away && Date.now() - touchedAt < LOOK) return;
  touchedAt = Date.now();
  shared(touchedAt);
  look();
}

["pointerdown", "pointermove", "keydown", "wheel", "touchstart"].forEach(kind =>
  addEventListener(kind, touched, { passive: true }));
document.addEventListener("visibilitychange", () => document.hidden || touched());
// A new line knows nothing of what was said on the old one.
document.addEventListener("htmx:ws:after:connection", () => away && setTimeout(say, 500));
setInterval(look, LOOK);
