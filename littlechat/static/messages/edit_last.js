// Up in an empty message field edits one's last message, in the room or in the open thread; when an
// edit ends, the focus comes back.

import { edit } from "./message_menu.js";

const list = document.getElementById("messages");
const field = document.querySelector("#composer textarea");
const { me, room } = document.body.dataset;
let editing = null;

// The thread's field is another one with each thread.
document.addEventListener("keydown", event => {
  const from = event.target;
  if (event.key !== "ArrowUp" || event.isComposing || !from.matches(".composer textarea") || from.value) return;
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented) return;
  const said = from === field ? "#messages > .message:not(.threaded)" : "#thread-messages > .message";
  const mine = [...document.querySelectorAll(`${said}:not(.removed)`)].filter(item => item.dataset.author === me);
  const item = mine.at(-1);
  if (!item) return;
  event.preventDefault();
  edit(item, `/rooms/${room}/messages/${item.dataset.seq}`);
});

list.addEventListener("littlechat:placing", () => {
  editing = document.activeElement?.closest("form.edit");
  // Beside the thread, its own field is the next one.
  if (editing?.closest("#thread")) editing = "thread-body";
});
list.addEventListener("littlechat:placed", () => {
  if (editing && document.activeElement === document.body) (document.getElementById(editing) ?? field).focus();
});
