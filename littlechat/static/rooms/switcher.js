// The switcher: a dialog with the rooms and people that /jump finds. Enter goes to the first match, the
// arrow keys move the focus through the others, and whatever is typed goes into the field.

import { isComposing } from "../layout/keys.js";

const dialog = document.getElementById("switcher");
const field = document.getElementById("jump");
const status = document.getElementById("jump-status");
let going = false;

const results = () => document.getElementById("jump-results");
const finds = () => [...results().querySelectorAll(".jump")];
const answered = () => results().dataset.q === field.value.trim();

export function openSwitcher() {
  if (dialog.open) return dialog.close();
  document.querySelector("dialog[open]")?.close();
  field.value = "";
  going = false;
  dialog.showModal();
  field.focus();
  htmx.trigger(field, "fetch");
}

function tell() {
  const found = finds();
  const first = found[0]?.querySelector(".label").textContent;
  const count = found.length === 1 ? "1 found" : `${found.length} found`;
  status.textContent = first ? `${count}. Enter goes to ${first}.` : results().textContent.trim();
}

function go() {
  going = !answered();
  if (!going) finds()[0]?.click();
}

dialog.addEventListener("htmx:after:swap", () => {
  tell();
  // The swap removes the match that had the focus.
  if (!dialog.contains(document.activeElement)) field.focus();
  // Enter was pressed before the response came.
  if (going) go();
});

function move(step, event) {
  const found = finds(), at = found.indexOf(document.activeElement);
  event.preventDefault();
  if (at + step < 0) return field.focus();
  // While the field has the focus, the first match is already highlighted: go on to the second.
  const target = at < 0 ? (found[1] ?? found[0]) : found[at + step];
  target?.focus();
}

dialog.addEventListener("keydown", event => {
  if (isComposing(event)) return;
  if (event.key === "ArrowDown") move(1, event);
  else if (event.key === "ArrowUp") move(document.activeElement === field ? -2 : -1, event);
  else if (event.target === field) {
    if (event.key === "Enter") {
      event.preventDefault();
      go();
    }
  } else if ((event.key.length === 1 && event.key !== " " || event.key === "Backspace") && !event.ctrlKey && !event.metaKey && !event.altKey)
    field.focus();
});
