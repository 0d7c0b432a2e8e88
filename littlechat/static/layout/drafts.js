// What this browser keeps of messages that were not sent, under the id of the person who wrote them, and
// sealed with a key that the server gives to nobody but that person's pages. So nobody else who uses the
// browser gets to read it, however the session before theirs ended; who comes back finds it again.

const KEPT = /^(draft|edit|files|title):([^:]*):(.*)$/s;
const PERSON = "person", SEALED = "sealed:", IV_BYTES = 12;
const { me: name = "", myId: me = "", draftKey = "" } = document.body.dataset;

// A browser may refuse storage: what was typed then lasts until the page is left.
function attempt(act) {
  try {
    return act();
  } catch {
    return null;
  }
}

const stored = key => attempt(() => localStorage.getItem(key)) ?? "";
const erase = key => attempt(() => localStorage.removeItem(key));
const parse = keys => keys.map(key => KEPT.exec(key)).filter(Boolean);
const parsed = () => parse(attempt(() => Object.keys(localStorage)) ?? []);

const bytes = text => Uint8Array.from(atob(text), char => char.charCodeAt(0));
// Without https browsers have no ciphers: there, what was typed lasts until the page is left.
const cipher = draftKey && globalThis.crypto?.subtle
  ? await crypto.subtle.importKey("raw", bytes(draftKey), "AES-GCM", false, ["encrypt", "decrypt"]).catch(() => null)
  : null;

const known = new Map(); // What is kept of this person, as it was typed.

async function seal(key, text) {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, cipher, new TextEncoder().encode(text)));
  const packed = btoa([...iv, ...sealed].map(byte => String.fromCharCode(byte)).join(""));
  // Unless more was typed meanwhile, which is sealed by itself.
  if (known.get(key) === text) attempt(() => localStorage.setItem(key, SEALED + packed));
}

async function open(sealed) {
  const packed = bytes(sealed.slice(SEALED.length));
  const iv = packed.slice(0, IV_BYTES);
  return new TextDecoder().decode(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, cipher, packed.slice(IV_BYTES)));
}

export const keyOf = (kind, room, place = "") => `${kind}:${me}:${room}${place}`;
export const read = key => known.get(key) ?? "";

export function keep(key, text) {
  if (read(key) === text) return;
  known.delete(key);
  if (!text) return erase(key);
  known.set(key, text);
  if (cipher) seal(key, text);
}

// The unsent messages of this person: in which room, and whether as a reply in a thread, as files or as a
// change of a message.
export function list() {
  const found = parse([...known.keys()]).filter(([key, kind]) => kind !== "title" && read(key).trim());
  return found.map(([, kind, , place]) => {
    const [room, seq] = place.split(":");
    return { kind: kind === "draft" && seq ? "reply" : kind, room: read(keyOf("title", room)) || room };
  });
}

export function forget() {
  known.clear();
  parsed().forEach(([key]) => erase(key));
}

// What an earlier version left is readable: whoever comes first seals it, if it is theirs, or erases it.
async function arrive() {
  if (stored(PERSON) !== me) attempt(() => localStorage.setItem(PERSON, me));
  for (const [key, kind, whose, place] of parsed()) {
    const text = stored(key), isSealed = text.startsWith(SEALED);
    if (isSealed && (whose === me || !me)) await take(key, text);
    else erase(key);
    if (me && !isSealed && [me, name].includes(whose)) keep(`${kind}:${me}:${place}`, text);
  }
}

async function take(key, sealed) {
  if (me && cipher) await open(sealed).then(text => known.set(key, text), () => erase(key));
}

// A page of somebody who was here before must not be looked at: not from the browser's memory of pages,
// and not in another tab.
function leave() {
  document.documentElement.hidden = true;
  location.reload();
}
addEventListener("pageshow", event => { if (event.persisted && stored(PERSON) !== me) leave(); });
addEventListener("storage", event => {
  if (event.key === PERSON && me && (event.newValue ?? "") !== me) leave();
  else if (!event.newValue) known.delete(event.key);
  else if (KEPT.exec(event.key)?.[2] === me) take(event.key, event.newValue);
});

// A page whose session ended may stay open for days: what is unsent on it is sealed, and shown no more.
document.addEventListener("littlechat:signed-out", () => {
  document.querySelectorAll("textarea[name=body]").forEach(field => { field.value = ""; });
});

await arrive();
