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
const unreadIn = room => Math.max(0, room.end - room.read);
const callsIn = room => [...room.calls].filter(seq => seq > room.read).length;
const short = count => count < 100 ? String(count) : "99+";
const sum = (list, of) => list.reduce((all, one) => all + of(one), 0);

// A list that arrives may be older than the signals received meanwhile.
function takeIn() {
  for (const link of links()) {
    const { end, read, calls, taken } = link.dataset;
    // Take in each link once: later swaps must not repeat its old counts.
    if (taken) continue;
    link.dataset.taken = "yes";
    const room = rooms.get(idOf(link)) ?? { end: 0, read: 0, calls: new Set() };
    room.end = Math.max(room.end, end);
    // A list requested before something was marked unread does not know of it.
    if (!(room.putBack > asked)) room.read = Math.max(room.read, read);
    calls.split(" ").filter(Boolean).forEach(seq => room.calls.add(Number(seq)));
    rooms.set(idOf(link), room);
  }
  show();
}

function hear({ room: id, end, author, call, read, unread }) {
  const room = rooms.get(id);
  if (!room) return;
  if (end) {
    // One's own message from another tab or device is not unread.
    if (author === me && room.read >= room.end) room.read = Math.max(room.read, end);
    room.end = Math.max(room.end, end);
  }
  if (call) {
    room.calls.add(Number(call));
    room.end = Math.max(room.end, call);
  }
  if (read) room.read = Math.max(room.read, read);
  if (unread) Object.assign(room, { read: Number(unread), putBack: performance.now() });
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
  const all = [...rooms.values()], calls = sum(all, callsIn), unread = sum(all, unreadIn);
  document.querySelectorAll(".inbox .calls").forEach(one => badge(one, calls, `@${short(calls)}`));
  const others = unread - (rooms.has(here) ? unreadIn(rooms.get(here)) : 0);
  badge(document.getElementById("elsewhere"), others, short(others));
  document.querySelectorAll(".read-all").forEach(form => form.hidden = !unread);
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
  hear({ room: here, end: Math.max(0, ...items.map(item => Number(item.dataset.seq))) });
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
