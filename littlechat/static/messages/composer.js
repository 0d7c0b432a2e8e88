// The composer of a room or a thread: Enter sends, the field grows, the draft survives a reload, and a
// message that could not be sent comes back into the field. Each message being sent is a form of its
// own beside the composer.

import * as drafts from "../layout/drafts.js";
import { isSend, nameEnter } from "../layout/keys.js";
import { tell } from "../layout/length.js";
import { refuseLong } from "./long_text.js";

const random = () => crypto.getRandomValues(new Uint32Array(4)).join("-");

const identity = (text, chips) => JSON.stringify([text, ...chips.map(chip => chip.dataset.file)]);

// `composer` is the form; `place` is a suffix for the draft's key in storage; `sent` is called after
// each send.
export function compose(composer, place, sent) {
  const field = composer.elements.body, clientId = composer.elements.client_id;
  const notice = composer.querySelector(".alerts");
  const pending = document.getElementById(`${composer.id}-pending`);
  const template = document.getElementById(`${composer.id}-message`);
  const { room } = document.body.dataset;
  const draft = drafts.keyOf("draft", room, place);
  const mine = new WeakSet();
  let returned = "";
  nameEnter(field);

  function grow() {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight + 2, innerHeight * 0.4)}px`;
  }

  function keep() {
    drafts.keep(draft, field.value);
    drafts.keep(drafts.keyOf("title", room), document.querySelector(".topic h1").textContent.trim());
  }

  function fill(text) {
    field.value = text;
    grow();
    keep();
    tell(field);
  }

  field.addEventListener("input", () => { grow(); keep(); });
  refuseLong(composer, fill);
  field.addEventListener("keydown", event => {
    if (!isSend(event)) return;
    event.preventDefault();
    composer.requestSubmit();
  });

  composer.addEventListener("submit", event => {
    event.preventDefault();
    const text = field.value;
    const chips = [...composer.querySelectorAll(".chip[data-file]")];
    if (!text.trim() && !chips.length) return field.focus();
    // Unchanged text keeps its client_id when it is sent again: the server stores each id only once.
    if (returned !== identity(text, chips)) clientId.value = random();
    returned = "";
    notice.replaceChildren();
    send(text, chips);
    fill("");
    field.focus();
    sent();
  });

  function send(text, chips) {
    const form = template.content.firstElementChild.cloneNode(true);
    form.append(...chips);
    // The composer's other fields, such as the thread that the message belongs to.
    for (const [name, value] of new FormData(composer)) {
      if (typeof value !== "string") continue;
      if (!form.elements[name]) form.append(Object.assign(document.createElement("input"), { type: "hidden", name }));
      form.elements[name].value = name === "body" ? text : value;
    }
    form.querySelector(".text").textContent = text;
    pending.append(form);
    htmx.process(form);
    htmx.trigger(form, "dispatch");
    mine.add(form);
  }

  function giveBack(form, sentence) {
    const text = form.elements.body.value, chips = [...form.querySelectorAll(".chip")];
    if (!field.value && !composer.querySelector(".chip")) {
      returned = identity(text, chips);
      clientId.value = form.elements.client_id.value;
    }
    composer.querySelector(".chips")?.prepend(...chips);
    fill(field.value ? `${text}\n${field.value}` : text);
    form.remove();
    if (sentence) notice.innerHTML = "<p class=\"alert\" role=\"alert\"></p>";
    if (sentence) notice.firstElementChild.textContent = sentence;
    const retry = document.createElement("button");
    retry.className = "retry";
    retry.textContent = "Try again";
    notice.append(retry);
    field.focus();
  }

  pending.addEventListener("htmx:after:swap", event => {
    const form = event.target.closest(".pending");
    const status = event.detail.ctx.response?.status;
    if (!mine.has(form) || !status) return;
    if (status < 300) form.remove();
    else giveBack(form, "");
  });
  pending.addEventListener("htmx:error", event => {
    const form = event.target.closest(".pending");
    if (mine.has(form)) giveBack(form, "The server cannot be reached. Your text is kept.");
  });

  if (!field.value) field.value = drafts.read(draft);
  grow();
  tell(field);
}
