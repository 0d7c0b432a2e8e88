// Whether somebody looks at this room, said up the socket: what is before their eyes needs no
// notification, on any of their devices. A page left alone for two minutes is not looked at.

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

// What told of this room has been seen.
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
// A new line knows nothing of what was said on the old one.
document.addEventListener("htmx:ws:after:connection", () => setTimeout(() => { looking = undefined; look(); }, 300));
setInterval(look, 5_000);
