// Times in the reader's own time zone and language; the server writes them in UTC.

import { dayOf, daysAgo } from "./days.js";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });
const short = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const date = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const ago = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

const MINUTE = 60_000, HOUR = 60 * MINUTE;

export const dayName = moment => {
  const days = daysAgo(moment);
  if (days === 0 || days === 1) {
    const name = ago.format(-days, "day");
    return name[0].toLocaleUpperCase() + name.slice(1);
  }
  const name = day.format(moment);
  const year = moment.getFullYear() === new Date().getFullYear() ? "" : ` ${moment.getFullYear()}`;
  return name[0].toLocaleUpperCase() + name.slice(1) + year;
};

// In a room's messages the time of day is enough, since days are separated; elsewhere say how long ago.
export function localise(time) {
  const moment = new Date(time.dateTime);
  if (Number.isNaN(moment.getTime())) return;
  time.title = full.format(moment);
  if (!time.closest(".byline")) time.textContent = howLongAgo(moment);
  // A thread has no separators between days.
  else if (time.closest("#messages") || dayOf(moment) === dayOf(new Date())) time.textContent = clock.format(moment);
  else time.textContent = short.format(moment);
}

function howLongAgo(moment) {
  const past = Date.now() - moment, days = daysAgo(moment);
  if (past < MINUTE) return "just now";
  if (past < HOUR) return ago.format(-Math.floor(past / MINUTE), "minute");
  if (days < 1) return ago.format(-Math.floor(past / HOUR), "hour");
  if (days < 7) return ago.format(-days, "day");
  return date.format(moment);
}

export const localiseAll = root => root.querySelectorAll("time").forEach(localise);

localiseAll(document);
document.addEventListener("littlechat:day", () => localiseAll(document));
document.addEventListener("littlechat:minute", () => {
  document.querySelectorAll("time").forEach(time => time.closest(".byline") || localise(time));
});
document.addEventListener("htmx:after:swap", event => {
  if (!event.target.closest?.("#messages")) localiseAll(document.getElementById("inbox") ?? document.getElementById("rooms") ?? document);
});
