// Keyboard for choosing the people of a new direct message: Enter chooses the first match of what is
// typed, the down arrow goes into the list, Backspace in the empty field removes the last one chosen.

import { isComposing } from "../layout/keys.js";

const form = document.getElementById("choose");
const field = form.elements.q;
form.querySelector("[formmethod]").hidden = true; // With scripts the list follows the typing, without a button.
const boxes = () => [...form.querySelectorAll("#choice input[type=checkbox]")];
const answered = () => document.getElementById("choice").dataset.q === field.value.trim();
let choosing = false; // Enter was pressed before the list for what is typed had come.

function chooseFirst() {
  const first = answered() && boxes().find(box => !box.checked);
  choosing = !answered();
  if (!first) return;
  first.checked = true;
  fetchAnew();
}

field.addEventListener("input", () => { choosing = false; });

function fetchAnew() {
  choosing = false;
  field.value = "";
  field.focus();
  htmx.trigger(field, "fetch");
}

field.addEventListener("keydown", event => {
  if (isComposing(event)) return;
  const chosen = boxes().filter(box => box.checked), first = boxes().find(box => !box.checked);
  if (event.key === "Enter") {
    event.preventDefault();
    if (!field.value.trim() && chosen.length) return form.requestSubmit(form.querySelector(".primary"));
    if (field.value.trim()) chooseFirst();
  } else if (event.key === "Backspace" && !field.value && chosen.length) {
    chosen.at(-1).checked = false;
    fetchAnew();
  } else if (event.key === "ArrowDown") {
    event.preventDefault();
    (first ?? boxes()[0])?.focus();
  }
});

// The swap removes the checkbox that had the focus.
form.addEventListener("htmx:after:swap", () => {
  if (document.activeElement === document.body) field.focus();
  if (choosing) chooseFirst();
});

form.addEventListener("keydown", event => {
  const all = boxes(), at = all.indexOf(event.target);
  if (at < 0 || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
  event.preventDefault();
  (all[at + (event.key === "ArrowDown" ? 1 : -1)] ?? (at ? all[at] : field)).focus();
});
