// Unread counts: in the room list, in the tab's title and on its icon. The server renders the first
// counts; changes arrive as unread signals, <i data-room …> elements in #heard.

const heard = document.getElementById("heard");
const icon = document.querySelector("link[rel=icon]");
const { me, room: here } = document.body.dataset;
const name = document.title, picture = icon.href;
const rooms = new Map();
let drawn = "", shape;
let asked = 0; // When the room list was last requested.

const links = () => document.querySelectorAll("#rooms a[data-end]");
const idOf = link => decodeURIComponent(link.pathname.split("/")[2]);
// How many messages a room's list shows up to a place: replies in their threads alone are not counted.
const listed = place => place.seq - place.unlisted;
const unreadIn = room => Math.max(0, listed(room.end) - listed(room.read));
const further = (one, other) => other.seq > one.seq ? other : one;
const place = (seq, unlisted) => ({ seq: Number(seq), unlisted: Number(unlisted ?? 0) });
const callsIn = room => [...room.calls].filter(seq => seq > room.read.seq).length;
const short = count => count < 100 ? String(count) : "99+";
const sum = (list, of) => list.reduce((all, one) => all + of(one), 0);

// A list that arrives may be older than the signals received meanwhile.
function takeIn() {
  for (const link of links()) {
    const { end, endUnlisted, read, readUnlisted, calls, taken, muted } = link.dataset;
    // Take in each link once: later swaps must not repeat its old counts.
    if (taken) continue;
    link.dataset.taken = "yes";
    const room = rooms.get(idOf(link)) ?? { end: place(0), read: place(0), calls: new Set() };
    room.muted = muted !== undefined;
    room.end = further(room.end, place(end, endUnlisted));
    // A list requested before something was marked unread does not know of it.
    if (!(room.putBack > asked)) room.read = further(room.read, place(read, readUnlisted));
    calls.split(" ").filter(Boolean).forEach(seq => room.calls.add(Number(seq)));
    rooms.set(idOf(link), room);
  }
  show();
}

function hear({ room: id, end, author, call, read, unread, unlisted }) {
  const room = rooms.get(id);
  if (!room) return;
  const at = place(end ?? call ?? read ?? unread, unlisted);
  // One's own message from another tab or device is not unread, if nothing else came with it.
  if (end && author === me && !unreadIn(room) && listed(at) - listed(room.end) <= 1) room.read = further(room.read, at);
  if (end || call) room.end = further(room.end, at);
  if (call) room.calls.add(at.seq);
  if (read) room.read = further(room.read, at);
  if (unread) Object.assign(room, { read: at, putBack: performance.now() });
}

function badge(element, count, text) {
  if (!element) return;
  element.hidden = !count;
  if (count) element.querySelector("b").textContent = text;
}

function show() {
  for (const link of links()) {
    const room = rooms.get(idOf(link)), unread = unreadIn(room), calls = callsIn(room);
    badge(link.querySelector(".unread"), unread, short(unread));
    badge(link.querySelector(".calls"), calls, `@${short(calls)}`);
  }
  const all = [...rooms.values()], loud = all.filter(room => !room.muted);
  const calls = sum(all, callsIn), unread = sum(loud, unreadIn);
  document.querySelectorAll(".inbox .calls").forEach(one => badge(one, calls, `@${short(calls)}`));
  const others = sum(loud.filter(room => room !== rooms.get(here)), unreadIn);
  badge(document.getElementById("elsewhere"), others, short(others));
  document.querySelectorAll(".read-all").forEach(form => form.hidden = !all.some(room => room.end.seq > room.read.seq));
  document.title = unread ? `(${short(unread)}) ${name}` : name;
  draw(unread, calls);
}

// A dot for unread messages, a number for mentions of the reader.
async function draw(unread, calls) {
  const mark = calls ? short(calls) : unread ? "•" : "";
  if (mark === drawn) return;
  drawn = mark;
  shape ??= await fetch(picture).then(answer => answer.text(), () => "");
  if (mark !== drawn || !shape) return;
  const text = calls && `<text x="22" y="27" font-size="15" font-weight="700" font-family="sans-serif" text-anchor="middle" fill="#fff">${mark}</text>`;
  const dot = `<circle cx="22" cy="22" r="${calls ? 10 : 7}" fill="#c2361f" stroke="#fff" stroke-width="2"/>${text || ""}</svg>`;
  icon.href = mark ? `data:image/svg+xml,${encodeURIComponent(shape.replace("</svg>", dot))}` : picture;
}

if (heard) new MutationObserver(() => {
  const news = [...heard.children].map(one => ({ ...one.dataset }));
  if (!news.length) return;
  heard.replaceChildren();
  news.forEach(hear);
  show();
  news.forEach(detail => document.dispatchEvent(new CustomEvent("littlechat:heard", { detail })));
  if (news.some(one => one.call)) document.dispatchEvent(new CustomEvent("littlechat:called"));
}).observe(heard, { childList: true });

// What this page itself shows and reads is known here before the server signals it; the room list that
// came with the page may be a second behind.
function see(items) {
  const end = items.map(item => place(item.dataset.seq, item.dataset.unlisted)).reduce(further, place(0));
  if (end.seq) hear({ room: here, end: end.seq, unlisted: end.unlisted });
  show();
}
document.addEventListener("littlechat:placed", event => see(event.detail));
document.addEventListener("littlechat:read", event => {
  hear(event.detail);
  show();
});
document.addEventListener("htmx:before:request", event => {
  if (event.target.id === "rooms") asked = performance.now();
});
document.addEventListener("htmx:after:swap", event => {
  if (document.querySelector("#rooms a[data-end]") && !event.target.closest?.("#messages")) takeIn();
});

// Signals sent while the connection was lost are missing: fetch the list again. The delay spreads the
// requests of all pages.
let connections = 0;
document.addEventListener("htmx:ws:after:connection", () => {
  if (++connections > 1) setTimeout(refresh, Math.random() * 3_000);
});

function refresh() {
  htmx.trigger("#rooms", "stale");
  document.dispatchEvent(new CustomEvent("littlechat:called"));
}

takeIn();
see([...document.querySelectorAll("#messages > .message")]);
