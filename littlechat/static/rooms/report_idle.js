// Reports presence up the socket: away after ten minutes without input in any tab of this browser, here
// when the person returns, and here again every few minutes.

const IDLE = 10 * 60_000, LOOK = 10_000, SAY = 4 * 60_000;
let touchedAt = Date.now(), saidAt = 0, away = false;

function shared(value) {
  try {
    if (value) localStorage.setItem("touched", value);
    return Number(localStorage.getItem("touched")) || 0;
  } catch {
    return 0; // A browser may refuse storage; each tab then decides for itself.
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
// The server forgets the report with its connection: repeat it on a new one.
document.addEventListener("htmx:ws:after:connection", () => away && setTimeout(say, 500));
setInterval(look, LOOK);
