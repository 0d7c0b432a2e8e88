// Up in the empty message field edits one's last message; when an edit ends, the focus comes back.

import { edit } from "./tools.js";

const list = document.getElementById("messages");
const field = document.querySelector("#composer textarea");
const { me, room } = document.body.dataset;
let editing = false;

field.addEventListener("keydown", event => {
  if (event.key !== "ArrowUp" || event.isComposing || field.value) return;
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented) return;
  const mine = [...list.querySelectorAll(":scope > .message:not(.removed, .threaded)")].filter(item => item.dataset.author === me);
  const item = mine.at(-1);
  if (!item) return;
  event.preventDefault();
  edit(item, `/rooms/${room}/messages/${item.dataset.seq}`);
});

list.addEventListener("littlechat:placing", () => {
  editing = Boolean(document.activeElement?.closest("form.edit"));
});
list.addEventListener("littlechat:placed", () => {
  if (editing && document.activeElement === document.body) field.focus();
});
