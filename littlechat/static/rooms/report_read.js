// Reports to the server how far this room is read: soon, then every few seconds, and when the page is left.

const SOON = 300, EVERY = 5_000, JITTER = 2_000;
const { room } = document.body.dataset;
let reached = 0, told = 0; // The read position, and as it was last reported.
let toldAt = -EVERY, timer;

export function report(seq) {
  reached = Math.max(reached, seq);
  const wait = toldAt + EVERY - performance.now();
  timer ??= setTimeout(tell, wait > 0 ? wait + Math.random() * JITTER : SOON);
}

export async function tell() {
  cancel();
  if (reached <= told) return;
  const before = told;
  [told, toldAt] = [reached, performance.now()];
  if (!await post({ seq: reached })) told = Math.min(told, before);
}

// The server knows: another page of the same person has reported it.
export function isTold(seq) {
  told = Math.max(told, seq);
}

// What counts as unread from `seq` on is not reported as read.
export function putBack(seq) {
  cancel();
  [reached, told] = [seq, seq];
}

export const reportUnread = seq => post({ seq, unread: 1 });

function cancel() {
  clearTimeout(timer);
  timer = undefined;
}

function post(values) {
  // keepalive: the request must survive the closing of the page.
  return fetch(`/rooms/${room}/read`, {
    method: "POST", body: new URLSearchParams(values), headers: { "HX-Request": "true" }, keepalive: true,
  }).then(answer => answer.ok, () => false);
}

document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") tell(); });
addEventListener("pagehide", tell);
