// Logging out takes unsent messages with it: the question says how many, and where they were written.

import { forget, list } from "./drafts.js";

const dialog = document.getElementById("unsent");
let leaving;

const WHAT = { edit: ", a change of a message", files: ", files", reply: ", a reply in a thread" };

function line({ kind, room }) {
  const item = document.createElement("li");
  const place = document.createElement("bdi");
  place.textContent = room;
  item.append(place, WHAT[kind] ?? "");
  return item;
}

document.addEventListener("submit", event => {
  if (!event.target.matches("form[action='/logout']")) return;
  const drafts = list();
  if (!drafts.length) return forget();
  event.preventDefault();
  leaving = event.target;
  const count = drafts.length === 1 ? "1 message is" : `${drafts.length} messages are`;
  dialog.querySelector(".told").textContent = `${count} written and not sent:`;
  dialog.querySelector("ul").replaceChildren(...drafts.map(line));
  dialog.showModal();
});

dialog?.addEventListener("close", () => {
  if (dialog.returnValue !== "leave") return;
  forget();
  leaving.submit();
});
