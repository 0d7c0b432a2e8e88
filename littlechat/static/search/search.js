// The search page: the arrow keys move between the field and the results, and the address keeps the
// query, so that Back from a message shows the same results.

import { isComposing } from "../layout/keys.js";

const field = document.getElementById("search-field");
const installation = document.querySelector(".brand bdi").textContent;
const hits = () => [...document.querySelectorAll("#results .hit, #results .more a")];

const end = field.value.length;
field.setSelectionRange(end, end);

// Search for what was typed before htmx was ready.
document.addEventListener("DOMContentLoaded", () => {
  if (field.value.trim() !== document.getElementById("results").dataset.q) htmx.trigger(field, "input");
});

function keep() {
  const url = new URL(location.href);
  if (url.searchParams.get("q") === field.value) return;
  url.searchParams.set("q", field.value);
  url.searchParams.delete("after");
  history.replaceState(history.state, "", url);
  document.title = field.value ? `${field.value} · Search · ${installation}` : `Search · ${installation}`;
}

document.addEventListener("htmx:after:swap", keep);

document.addEventListener("keydown", event => {
  if (isComposing(event) || event.ctrlKey || event.metaKey || event.altKey) return;
  const found = hits();
  const at = found.indexOf(document.activeElement);
  if (at < 0 && document.activeElement !== field) return;
  if (event.key === "Escape" && at >= 0) field.focus();
  else if (event.key === "ArrowDown" && found[at + 1]) found[at + 1].focus();
  else if (event.key === "ArrowUp" && at >= 0) (found[at - 1] ?? field).focus();
  else if (event.key === "Enter" && at < 0 && !event.repeat) keep();
  else return;
  if (event.key !== "Enter") event.preventDefault();
});
