// Editing a message in its place: Enter saves, Escape leaves it as it was. A change that was neither
// saved nor given up, because the page was left or the thread closed, is there at the next edit.

import * as drafts from "../layout/drafts.js";
import { isComposing, isSend } from "../layout/keys.js";

const { room } = document.body.dataset;
const formOf = element => element?.closest?.("form.edit");
const draftOf = seq => drafts.keyOf("edit", room, `:${seq}`);
const saving = new Set(); // The numbers of messages whose new text is on its way.

export async function edit(item, address) {
  const { seq } = item.dataset;
  // A message shown in the room and in the open thread is edited in one of the two only.
  if (!document.getElementById(`edit-${seq}`)) {
    await htmx.ajax("GET", `${address}/edit`, { target: item.querySelector(".message-body"), swap: "innerHTML" });
  }
  const field = document.getElementById(`edit-${seq}`);
  resume(field);
  field?.focus();
  field?.setSelectionRange(field.value.length, field.value.length);
}

function resume(field) {
  const kept = field && drafts.read(draftOf(field.form.dataset.seq));
  if (!kept || field.value !== field.defaultValue) return;
  field.value = kept;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function giveUp(form) {
  drafts.keep(draftOf(form.dataset.seq), "");
  form.querySelector("button[type=button]").click();
}

document.addEventListener("input", ({ target: field }) => {
  const form = formOf(field);
  if (!form) return;
  drafts.keep(draftOf(form.dataset.seq), field.value === field.defaultValue ? "" : field.value);
  drafts.keep(drafts.keyOf("title", room), document.querySelector(".topic h1").textContent.trim());
});

document.addEventListener("click", event => {
  const button = event.target.closest("form.edit button[type=button]");
  // A script closes an edit in the same way, but gives nothing up.
  if (button && event.isTrusted) drafts.keep(draftOf(button.form.dataset.seq), "");
});

document.addEventListener("submit", ({ target: form }) => {
  if (form.matches("form.edit")) saving.add(form.dataset.seq);
});
document.addEventListener("littlechat:placed", ({ detail: items }) => items.forEach(({ dataset: { seq } }) => {
  if (saving.delete(seq)) drafts.keep(draftOf(seq), "");
}));

document.addEventListener("keydown", event => {
  const form = formOf(event.target);
  if (!form || isComposing(event)) return;
  if (event.key === "Escape") {
    event.preventDefault();
    giveUp(form);
  }
  if (event.target.matches("textarea") && isSend(event)) {
    event.preventDefault();
    form.requestSubmit();
  }
});
