// The only code that inserts messages into the list, whether they come from a post, the socket, catch-up
// or an edit: each message once, ordered by number, in its newest version. Available to htmx as
// hx-swap="place", and hx-swap="reload" to replace the whole list.

const messages = list => list.querySelectorAll(":scope > .message");
const seq = item => Number(item.dataset.seq);
const tell = (list, what, detail) => list.dispatchEvent(new CustomEvent(`littlechat:${what}`, { detail, bubbles: true }));

export function place(list, fragment) {
  const placed = [];
  let cursor;
  tell(list, "placing");
  // Scripts that show messages a second time, such as an open thread, copy them now.
  tell(list, "arrived", [...fragment.children].filter(item => item.matches(".message")));
  const arrived = [...fragment.children];
  for (const item of arrived) {
    if (item.matches(".cursor")) cursor = item.dataset.cursor;
    else if (item.matches(".message") && put(list, item)) placed.push(item);
  }
  requote(list, arrived);
  if (cursor) list.dataset.cursor = cursor;
  tell(list, "placed", placed);
  return placed;
}

export function put(list, item) {
  const old = document.getElementById(item.id);
  if (old) return renew(old, item);
  const shown = messages(list);
  const first = shown[0], last = shown[shown.length - 1];
  // Beyond the loaded part there would be a gap: such a message comes when that part is loaded.
  if (first && seq(item) < seq(first) && list.querySelector(":scope > .older")) return false;
  if (last && seq(item) > seq(last) && list.querySelector(":scope > .newer")) return false;
  let before = last;
  while (before && seq(before) > seq(item)) before = before.previousElementSibling?.closest(".message");
  if (before) before.after(item);
  else if (first) first.before(item);
  else list.append(item);
  return true;
}

// A reply shows the first line of the message it answers: an edit or a removal comes with the new one.
function requote(list, arrived) {
  for (const { dataset } of arrived.filter(item => "quoted" in item.dataset)) {
    for (const quote of list.querySelectorAll(`.quote[data-root="${dataset.seq}"]`)) {
      if (Number(dataset.version) < Number(quote.dataset.version)) continue;
      quote.dataset.version = dataset.version;
      quote.querySelector("span").textContent = dataset.quoted;
    }
  }
}

function renew(old, item) {
  const editing = old.querySelector("form.edit");
  const newer = Number(item.dataset.version) > Number(old.dataset.version);
  // A message being edited is not replaced, except by the response to its own Save or Cancel.
  if (editing ? !editing.classList.contains("htmx-request") && !editing.querySelector(".htmx-request") : !newer) return false;
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const tools = old.querySelector(".tools");
  old.replaceWith(item);
  if (tools) item.querySelector(".byline").append(tools);
  // An edit form that closes has no counterpart: edit_last.js moves the focus to the composer.
  if (focused && !focused.closest("form.edit")) (tools?.contains(focused) ? focused : counterpart(item, focused))?.focus({ preventScroll: true });
  return true;
}

// The element of the new version that takes over the focus from the same element of the old one.
function counterpart(item, focused) {
  const emoji = focused.closest(".reactions button")?.value;
  const same = emoji && [...item.querySelectorAll(".reactions button")].find(button => button.value === emoji);
  return same || (focused.closest(".replies") && item.querySelector(".replies a")) || item.querySelector(".time");
}

function reload(list, fragment) {
  const cursor = fragment.querySelector(".cursor");
  const empty = list.querySelector(":scope > .empty");
  cursor.remove();
  const items = [...fragment.children];
  list.replaceChildren(...(empty ? [empty] : []), ...items);
  list.dataset.cursor = cursor.dataset.cursor;
  tell(list, "reloaded");
  return items;
}

htmx.registerExtension("place", {
  handle_swap(style, target, fragment) {
    if (style === "place") return place(target, fragment);
    return style === "reload" ? reload(target, fragment) : false;
  },
});
