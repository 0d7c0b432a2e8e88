// Shows a picture large in a dialog, with buttons and arrow keys for the other pictures of the list. It
// has an entry in the history, so that Back closes it and does not leave the room.

import { isComposing } from "../layout/keys.js";

const dialog = document.getElementById("lightbox");
const image = dialog.querySelector("img"), name = dialog.querySelector(".name");
const download = dialog.querySelector(".download"), place = dialog.querySelector(".place");
const [back, on] = dialog.querySelectorAll("[data-step]"), play = dialog.querySelector(".play");
const still = matchMedia("(prefers-reduced-motion: reduce)");
let shown;

const all = () => [...shown.closest("ol").querySelectorAll(".message:not(.threaded) a.picture")];

function show(link) {
  shown = link;
  const small = link.firstElementChild, list = all(), at = list.indexOf(link);
  // Whoever asked for less motion sees the first frame, and starts a moving picture by hand.
  const waits = "moves" in link.dataset && still.matches;
  image.src = waits ? small.src : link.href;
  play.hidden = !waits;
  image.alt = name.textContent = small.alt;
  download.href = `${link.getAttribute("href")}?download`;
  place.textContent = list.length > 1 ? `${at + 1} of ${list.length}` : "";
  back.disabled = at <= 0;
  on.disabled = at === list.length - 1;
  // A step to another picture changes the entry; Back from any of them closes the dialog.
  const state = { ...history.state, picture: link.getAttribute("href") };
  history[history.state?.picture ? "replaceState" : "pushState"](state, "");
  if (!dialog.open) dialog.showModal();
}

// Forward, or a reload, may lead to an entry of a picture.
function follow() {
  const { picture, ...rest } = history.state ?? {};
  if (!picture) return dialog.close();
  const link = document.querySelector(`ol a.picture[href="${CSS.escape(picture)}"]`);
  if (link) show(link);
  else history.replaceState(rest, "");
}

addEventListener("popstate", follow);

function step(by) {
  const list = all(), next = list[list.indexOf(shown) + by];
  if (next) show(next);
}

document.addEventListener("click", event => {
  const link = event.target.closest?.("a.picture");
  if (!link?.closest("ol") || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  show(link);
});

play.addEventListener("click", () => {
  image.src = shown.href;
  play.hidden = true;
  dialog.querySelector(".close").focus();
});

dialog.addEventListener("click", event => {
  const button = event.target.closest("[data-step]");
  if (button) step(Number(button.dataset.step));
  else if (event.target === dialog || event.target.matches("figure, .close")) dialog.close();
});

// Listens on the document: at the first and last picture the focused button becomes disabled, and a
// disabled button gets no key events.
document.addEventListener("keydown", event => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!by || !dialog.open || isComposing(event)) return;
  event.preventDefault();
  step(document.dir === "rtl" ? -by : by);
});

dialog.addEventListener("close", () => {
  image.removeAttribute("src");
  if (history.state?.picture) history.back();
  shown.focus();
});

if (history.state?.picture) follow();
