// Reports up the socket whether this room is being looked at: its messages then need no notification on
// any of the person's devices. Two minutes without input count as not looking.

const ALONE = 120_000, AGAIN = 30_000;
let touchedAt = Date.now(), saidAt = 0, looking;

const isLooked = () => document.visibilityState === "visible" && document.hasFocus()
  && Date.now() - touchedAt < ALONE;

function look() {
  const now = isLooked();
  if (now === looking && !(now && Date.now() - saidAt > AGAIN)) return;
  if (now && !looking) clear();
  looking = now;
  saidAt = Date.now();
  document.dispatchEvent(new CustomEvent(looking ? "littlechat:shown" : "littlechat:hidden"));
}

// Close the notifications about this room: it has been seen.
async function clear() {
  const registration = await navigator.serviceWorker?.getRegistration?.();
  const shown = await registration?.getNotifications?.() ?? [];
  for (const one of shown)
    if (new URL(one.data?.url ?? "/", location.href).pathname === location.pathname) one.close();
}

["pointerdown", "pointermove", "keydown", "wheel", "touchstart"].forEach(kind =>
  addEventListener(kind, () => { touchedAt = Date.now(); if (!looking) look(); }, { passive: true }));
["focus", "blur", "pagehide"].forEach(kind => addEventListener(kind, look));
document.addEventListener("visibilitychange", look);
// The server forgets the report with its connection: repeat it on a new one.
document.addEventListener("htmx:ws:after:connection", () => setTimeout(() => { looking = undefined; look(); }, 300));
setInterval(look, 5_000);
