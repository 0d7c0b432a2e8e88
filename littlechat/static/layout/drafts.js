// What this browser keeps of messages that were not sent, under the id of the person who wrote them.
// Nobody else who uses the browser gets to see it, however the session before theirs ended.

const KEPT = /^(draft|files|title):([^:]*):(.*)$/s;
const PERSON = "person";
const { me: name = "", myId: me = "" } = document.body.dataset;

// A browser may refuse storage: what was typed then lasts until the page is left.
function attempt(act) {
  try {
    return act();
  } catch {
    return null;
  }
}

const parsed = () => attempt(() => Object.keys(localStorage).map(key => KEPT.exec(key)).filter(Boolean)) ?? [];

export const keyOf = (kind, room, place = "") => `${kind}:${me}:${room}${place}`;
export const read = key => attempt(() => localStorage.getItem(key)) ?? "";

export function keep(key, text) {
  attempt(() => text ? localStorage.setItem(key, text) : localStorage.removeItem(key));
}

// The unsent messages of this person: in which room, and whether as a reply in a thread or as files.
export function list() {
  const found = parsed().filter(([key, kind]) => kind !== "title" && read(key).trim());
  return found.map(([, kind, , place]) => {
    const [room, thread] = place.split(":");
    return { kind, thread: Boolean(thread), room: read(keyOf("title", room)) || room };
  });
}

export const forget = () => parsed().forEach(([key]) => keep(key, ""));

function arrive() {
  for (const [key, kind, whose, place] of parsed()) {
    // Before, they stood under the person's name.
    if (me && whose === name && whose !== me) keep(`${kind}:${me}:${place}`, read(key));
    if (me && whose !== me) keep(key, "");
  }
  if (read(PERSON) !== me) keep(PERSON, me);
}

// A page of somebody who was here before must not be looked at: not from the browser's memory of pages,
// and not in another tab.
function leave() {
  document.documentElement.hidden = true;
  location.reload();
}
addEventListener("pageshow", event => { if (event.persisted && read(PERSON) !== me) leave(); });
addEventListener("storage", event => { if (event.key === PERSON && me && (event.newValue ?? "") !== me) leave(); });

arrive();
