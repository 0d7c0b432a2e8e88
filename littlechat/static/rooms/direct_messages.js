// Keeps direct messages in the lists up to date from socket frames: their order, and who is online.

let known;

// Move a conversation to the top of the list; if it is not there, fetch the list again.
function bring(room) {
  const list = document.getElementById("directs");
  const item = list?.querySelector(`a[href="/rooms/${CSS.escape(room)}"]`)?.closest("li");
  if (!item) return htmx.trigger("#rooms", "stale");
  // Moving the item would take the focus from it.
  if (item !== list.firstElementChild && !item.contains(document.activeElement)) list.prepend(item);
}

function show(names) {
  const online = new Set(names.split(" "));
  document.querySelectorAll("[data-presence]").forEach(one => {
    one.classList.toggle("here", online.has(one.dataset.presence));
  });
}

document.addEventListener("htmx:ws:after:message:incoming", () => {
  const news = document.getElementById("direct-news");
  [...news.children].forEach(one => bring(one.dataset.room));
  news.replaceChildren();
  const names = document.getElementById("everybody").dataset.names;
  if (names !== undefined && names !== known) show(known = names);
});
