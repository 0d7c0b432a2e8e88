// The connection status that people see: lost, reconnecting, caught up, or closed for good with the
// reason; and the refresh of the room list. hx-ws opens the socket and reconnects by itself.

const SILENCE = 45_000; // Three heartbeats of the server missed: the connection is dead, though it was never closed.
const SHOWN = 3_000;
const KICKED = 1008;

const status = document.getElementById("connection");
let connection, opened = false, lost = false, heardAt = Date.now(), failures = 0;

function say(text, kind = "") {
  status.textContent = text;
  status.dataset.kind = kind;
}

const cursor = () => document.getElementById("messages")?.dataset.cursor;

document.addEventListener("htmx:ws:before:connection", event => {
  connection = event.detail.connection;
  const url = new URL(connection.url, location.href.replace(/^http/, "ws"));
  if (cursor()) url.searchParams.set("after", cursor());
  connection.url = url.href;
});

document.addEventListener("htmx:ws:after:connection", () => {
  opened = true;
  failures = 0;
  heardAt = Date.now();
  // hx-ws passes on the close code only, not the reason.
  connection.socket.addEventListener("close", async ({ code, reason }) => {
    if (code === KICKED) end(reason || await ask());
  });
});

document.addEventListener("htmx:ws:after:message:incoming", () => {
  heardAt = Date.now();
  if (lost) {
    lost = false;
    say("Connected again. Nothing was missed.", "good");
    setTimeout(() => status.dataset.kind === "good" && say(""), SHOWN);
  }
  const news = document.getElementById("rooms-news");
  if (news && news.dataset.number !== "0" && !news.dataset.done) {
    news.dataset.done = "yes";
    // All pages get this frame at the same moment; the delay spreads their requests.
    setTimeout(() => ["#rooms", "#belonging"].forEach(part => document.querySelector(part) && htmx.trigger(part, "stale")), Math.random() * 1_000 * Number(news.dataset.spread));
  }
});

document.addEventListener("htmx:ws:close", async event => {
  const { code, reason } = event.detail;
  if (reason === "removed" || code === KICKED) return;
  lost = true;
  say("Connection lost. Trying again…", "bad");
  // A refused handshake looks like a lost connection: after two in a row, ask the server why.
  if (!opened && ++failures >= 2) {
    const why = await ask();
    if (why) end(why);
  }
  opened = false;
});

// Find out from response statuses why this page may not connect, when no close reason arrived.
async function ask() {
  const { room } = document.body.dataset;
  const head = path => fetch(path, { headers: { "HX-Request": "true" }, method: "HEAD" }).then(answer => answer.status);
  try {
    const status = await head(room ? `/rooms/${room}/members` : location.pathname);
    if (status === 401) return "signed out";
    if (!room || status !== 403 && status !== 404) return "";
    return { 200: "taken out", 403: "banned", 404: "gone" }[await head(`/rooms/${room}`)] ?? "";
  } catch {
    return "";
  }
}

const ROOMS = ["To the list of rooms", "/rooms"];
const HERE = location.pathname + location.search;
const ENDS = {
  "signed out": ["You are signed out.", "Log in again", HERE],
  deleted: ["This room was deleted, with all that was said in it.", ...ROOMS],
  banned: ["You were banned from this room. Who made it, or an administrator, can lift that.", ...ROOMS],
  "taken out": ["You were removed from this room.", ...ROOMS],
  left: ["You left this room.", ...ROOMS],
  gone: ["This room was deleted, or you are no longer in it.", ...ROOMS],
  flood: ["This page sent too much at once and was cut off.", "Reload the page", HERE],
};

function end(why) {
  if (connection) connection.config.reconnect = false;
  const [sentence, way, address] = ENDS[why] ?? ["This page is no longer kept up to date.", "Reload the page", HERE];
  if (why === "signed out") document.dispatchEvent(new Event("littlechat:signed-out"));
  say(`${sentence} `, "bad");
  const link = document.createElement("a");
  link.href = address;
  link.textContent = way;
  status.append(link);
}

document.addEventListener("htmx:ws:before:message:outgoing", event => {
  // What is sent up the socket (typing, presence) is outdated after a reconnect: do not queue it.
  if (event.detail.connection.socket?.readyState !== WebSocket.OPEN) event.preventDefault();
});

// Other scripts ask for a reconnect by an event; every page loads this file by its own script element.
document.addEventListener("littlechat:reconnect", reconnect);

// A dead line answers no closing handshake, and the browser waits for one for up to a minute: say at once
// that the socket has closed, and let hx-ws hear nothing more of it.
function reconnect() {
  const { socket, abortController } = connection ?? {};
  if (!socket) return;
  socket.close();
  socket.dispatchEvent(new CloseEvent("close", { code: 1006 }));
  abortController.abort();
}

// hx-ws closes the socket of a hidden page and opens another only once it is closed.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && connection?.socket?.readyState === WebSocket.CLOSING) reconnect();
});

setInterval(() => {
  if (opened && Date.now() - heardAt > SILENCE) {
    heardAt = Date.now();
    reconnect();
  }
}, 5_000);
