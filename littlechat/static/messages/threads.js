// The thread panel beside the room: its thread stands in the page's address, its messages follow the
// room's, and it is closed by Escape, its button, or the browser's Back.

import { isComposing } from "../layout/keys.js";
import { say } from "./requests.js";
import { takeFiles } from "../files/attachments.js";
import { compose } from "./composer.js";
import { personalise } from "./personalise.js";
import { put } from "./message_list.js";

const { room } = document.body.dataset;
const panel = document.getElementById("thread"), inside = document.getElementById("thread-panel");
const list = document.getElementById("messages");
const coarse = matchMedia("(pointer: coarse)");
const narrow = matchMedia("(width < 68.75rem)");
const replies = () => document.getElementById("thread-messages");
const root = () => Number(replies()?.dataset.thread);
const wanted = () => Number(new URLSearchParams(location.search).get("thread")) || null;
const seq = item => Number(item.dataset.seq);
let opener, loading = null, waiting = [];

// Whether a message stands where it can be seen: in the room, or in the open thread.
export const isShown = item => !item.matches(".threaded") || (!panel.hidden && belongs(item, root()));

const belongs = (item, thread) => Number(item.dataset.thread) === thread || seq(item) === thread;

// On narrow screens the panel covers the room, which must then not be reachable by keyboard.
function cover() {
  document.querySelectorAll("#main > :is(.bar, #scroll, .foot)").forEach(part => { part.inert = narrow.matches && !panel.hidden; });
}
narrow.addEventListener("change", cover);

function copy(item) {
  const twin = item.cloneNode(true);
  twin.id = `thread-${item.id}`;
  twin.classList.remove("follows");
  twin.removeAttribute("data-day");
  twin.querySelector(".tools")?.remove();
  return twin;
}

function mirror(item) {
  const first = replies().querySelector(":scope > .older + .message");
  // Replies older than the oldest one loaded would leave a gap: they come when they are loaded.
  const beyond = first && seq(item) < seq(first) && seq(item) !== root();
  if (beyond && !document.getElementById(`thread-${item.id}`)) return;
  const twin = copy(item);
  if (put(replies(), twin)) personalise(twin);
}

list.addEventListener("littlechat:arrived", ({ detail }) => {
  if (loading) waiting.push(...detail.filter(item => belongs(item, loading)).map(item => item.cloneNode(true)));
  if (replies()) detail.filter(item => belongs(item, root())).forEach(mirror);
});
list.addEventListener("littlechat:reloaded", () => { if (replies()) load(root(), "#thread-messages"); });

// With `part`, replace only that part of the panel, so that a draft stays.
async function load(thread, part) {
  loading = thread;
  const how = part ? { target: part, select: part, swap: "outerHTML" } : { target: inside, swap: "innerHTML" };
  await htmx.ajax("GET", `/rooms/${room}/messages/${thread}/thread`, how)?.catch?.(() => null);
  if (root() === thread) settle();
  [loading, waiting] = [null, []];
}

function settle() {
  replies().querySelectorAll(".message").forEach(personalise);
  // Messages that arrived while the panel was loading.
  waiting.filter(item => belongs(item, root())).forEach(mirror);
  const composer = document.getElementById("thread-composer");
  if (composer && !composer.dataset.ready) {
    composer.dataset.ready = "yes";
    takeFiles(composer, panel, "");
    compose(composer, `:thread-${root()}`, () => { inside.querySelector(".scroll").scrollTop = 0; });
  }
}

export async function openThread(thread, { write = false, opener: by = null, visit = true } = {}) {
  opener = by?.closest("#messages") ? `#${by.id}` : `#message-${thread}`;
  if (root() !== thread) await load(thread);
  if (root() !== thread) {
    say("The thread cannot be opened just now. Try again in a moment.", true);
    inside.replaceChildren();
    return close();
  }
  if (visit && wanted() !== thread) {
    const url = new URL(location.href);
    url.searchParams.set("thread", thread);
    url.hash = "";
    history[panel.hidden ? "pushState" : "replaceState"]({ ...history.state, thread, pushed: panel.hidden || history.state?.pushed }, "", url);
  }
  panel.hidden = false;
  cover();
  inside.querySelector(".scroll")?.scrollTo(0, 0);
  const field = document.getElementById("thread-body");
  (field && (write || !coarse.matches) ? field : inside.querySelector(".scroll"))?.focus();
}

function close() {
  if (panel.hidden) return;
  panel.hidden = true;
  cover();
  panel.querySelectorAll("form.edit button[type=button]").forEach(cancel => cancel.click());
  const item = document.querySelector(opener ?? `#message-${root()}`);
  (item?.querySelector(".replies a") ?? item?.querySelector(".time") ?? document.getElementById("body")).focus();
}

function leave() {
  if (history.state?.pushed) return history.back();
  const url = new URL(location.href);
  url.searchParams.delete("thread");
  url.hash = "";
  history.replaceState(null, "", url);
  close();
}

addEventListener("popstate", () => {
  if (!wanted()) close();
  // A picture that was closed leaves the thread as it is.
  else if (panel.hidden || wanted() !== root()) openThread(wanted(), { visit: false });
});

panel.addEventListener("keydown", event => {
  if (event.key === "Escape" && !event.defaultPrevented && !isComposing(event) && !event.target.closest("form.edit")) leave();
});

document.addEventListener("click", event => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const link = event.target.closest(".replies a, .quote a, #thread .close");
  if (!link) return;
  event.preventDefault();
  if (link.matches(".close")) return leave();
  const thread = Number(new URL(link.href).searchParams.get("thread"));
  openThread(thread, { opener: link.closest(".message") });
});

if (replies()) settle();
cover();
// A link to a reply that the room does not show opens its thread.
const target = document.getElementById(location.hash.slice(1));
if (target?.matches("#messages > .threaded")) {
  await openThread(Number(target.dataset.thread), { opener: target });
  document.getElementById(`thread-${target.id}`)?.scrollIntoView({ block: "center" });
}
