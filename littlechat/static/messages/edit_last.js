// The up arrow in an empty composer edits the author's own last message, in the room or in the open
// thread; when an edit ends, the focus returns to the composer.

import { isComposing } from "../layout/keys.js";
import { edit } from "./edit.js";

const list = document.getElementById("messages");
const field = document.querySelector("#composer textarea");
const { me, room } = document.body.dataset;
let editing = null;

// On the document, because the thread's composer is replaced with each thread.
document.addEventListener("keydown", event => {
  const from = event.target;
  if (event.key !== "ArrowUp" || isComposing(event) || !from.matches(".composer textarea") || from.value) return;
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
  // An edit in the thread returns to the thread's composer.
  if (editing?.closest("#thread")) editing = "thread-body";
});
list.addEventListener("littlechat:placed", () => {
  if (editing && document.activeElement === document.body) (document.getElementById(editing) ?? field).focus();
});
