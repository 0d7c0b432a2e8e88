// Editing a message in its place: Enter saves, Escape leaves it as it was.

import { isComposing, isSend } from "../layout/keys.js";

export async function edit(item, address) {
  const { seq } = item.dataset;
  // A message shown in the room and in the open thread is edited in one of the two only.
  if (!document.getElementById(`edit-${seq}`)) {
    await htmx.ajax("GET", `${address}/edit`, { target: item.querySelector(".message-body"), swap: "innerHTML" });
  }
  const field = document.getElementById(`edit-${seq}`);
  field?.focus();
  field?.setSelectionRange(field.value.length, field.value.length);
}

document.addEventListener("keydown", event => {
  const form = event.target.closest?.("form.edit");
  if (!form || isComposing(event)) return;
  if (event.key === "Escape") {
    event.preventDefault();
    form.querySelector("button[type=button]").click();
  }
  if (event.target.matches("textarea") && isSend(event)) {
    event.preventDefault();
    form.requestSubmit();
  }
});
