// The reader's own calendar days, and the moment at which one of them ends. Days are counted by the
// calendar: on the nights of a clock change they are not 24 hours long.

const MINUTE = 60_000, LATE = 20;

export const dayOf = moment => moment.toDateString();

export function daysAgo(moment, now = new Date()) {
  // Dates without their times, in UTC, where every day has the same length.
  const date = one => Date.UTC(one.getFullYear(), one.getMonth(), one.getDate());
  return Math.round((date(now) - date(moment)) / (24 * 60 * MINUTE));
}

// Tells pages that stay open: littlechat:day when the date has changed, else littlechat:minute.
let today = dayOf(new Date());

function check() {
  const now = dayOf(new Date()), before = today;
  today = now;
  document.dispatchEvent(new Event(now === before ? "littlechat:minute" : "littlechat:day"));
}

function wait() {
  const now = new Date();
  // Where the clock is put forward at midnight, this is the first moment of the day all the same.
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1);
  setTimeout(() => { check(); wait(); }, Math.min(MINUTE, midnight - now + LATE));
}

wait();
// Timers stand still while the machine sleeps.
document.addEventListener("visibilitychange", check);
["focus", "pageshow"].forEach(kind => addEventListener(kind, check));
