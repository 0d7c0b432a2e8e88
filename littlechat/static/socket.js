// The socket's life as people see it: cut, trying, caught up, or closed for good; and what it says
// about rooms. hx-ws makes the connection and comes back after a cut by itself.

const SILENCE = 45_000; // Three beats of the server missed: the line is dead, though nobody said so.
const SHOWN = 3_000;

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
    // Everybody hears this at once and must not ask at once.
    setTimeout(() => ["#rooms", "#belonging"].forEach(part => document.querySelector(part) && htmx.trigger(part, "stale")), Math.random() * 1_500);
  }
});

document.addEventListener("htmx:ws:close", async event => {
  const { code, reason } = event.detail;
  if (reason === "removed") return;
  lost = true;
  if (code === 1008) return end();
  say("Connection lost. Trying again…", "bad");
  // A refused handshake looks like a lost line: ask what it is, after the second in a row.
  if (!opened && ++failures >= 2 && await refused()) end();
  opened = false;
});

async function refused() {
  try {
    const answer = await fetch(location.pathname, { headers: { "HX-Request": "true" }, method: "HEAD" });
    return [401, 403, 404].includes(answer.status);
  } catch {
    return false;
  }
}

function end() {
  if (connection) connection.config.reconnect = false;
  say("You are signed out, or no longer in this room. ", "bad");
  const link = document.createElement("a");
  link.href = location.pathname;
  link.textContent = "Reload the page";
  status.append(link);
}

document.addEventListener("htmx:ws:before:message:outgoing", event => {
  // What could not be sent now, as that one is typing, is not worth sending later.
  if (event.detail.connection.socket?.readyState !== WebSocket.OPEN) event.preventDefault();
});

// By an event: imported, this file would be loaded once more, under another address.
const reconnect = () => connection?.socket?.close();
document.addEventListener("littlechat:reconnect", reconnect);

setInterval(() => {
  if (opened && Date.now() - heardAt > SILENCE) {
    heardAt = Date.now();
    reconnect();
  }
}, 5_000);
