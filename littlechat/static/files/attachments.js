// Attachments of the message being written: uploaded before it is sent, each shown as a chip in the
// form with its progress. The chip of an uploaded file holds the form field that names the file; a
// failed upload can be tried again, and the text is kept.

import * as drafts from "../layout/drafts.js";
import { receive } from "./file_sources.js";
import { failureSentence } from "../layout/failures.js";

const AT_ONCE = 2;
const { room } = document.body.dataset;
const template = document.getElementById("uploading");

export function takeFiles(form, zone, kept) {
  const chips = form.querySelector(".chips"), field = form.elements.body;
  const status = form.querySelector(".attach-status"), waiting = [], running = new Map();
  let sendAfter = false;

  function add(files) {
    for (const file of files) {
      const chip = template.content.firstElementChild.cloneNode(true);
      chip.file = file;
      chip.querySelector(".name").textContent = file.name;
      chip.querySelector("progress").ariaLabel = `Sending ${file.name}`;
      chips.append(chip);
      if (file.size > Number(form.dataset.fileMax)) fail(chip, `Too large: a file may have at most ${form.dataset.fileMaxWords} here.`, false);
      else if (!file.size) fail(chip, "This file is empty.", false);
      else waiting.push(chip);
    }
    next();
    field.focus();
  }

  function next() {
    while (running.size < AT_ONCE && waiting.length) start(waiting.shift());
    if (running.size) return;
    status.textContent = "";
    if (!sendAfter) return;
    sendAfter = false;
    if (chips.querySelector(".failed")) status.textContent = "Not sent: a file did not arrive.";
    else form.requestSubmit();
  }

  function start(chip) {
    const request = new XMLHttpRequest(), bar = chip.querySelector("progress");
    running.set(chip, request);
    request.open("POST", `/rooms/${room}/files?name=${encodeURIComponent(chip.file.name)}`);
    request.setRequestHeader("HX-Request", "true");
    request.upload.onprogress = event => { bar.max = event.total; bar.value = event.loaded; };
    // Everything is uploaded; the server is still checking it.
    request.upload.onload = () => bar.removeAttribute("value");
    request.onloadend = () => {
      running.delete(chip);
      if (request.status === 201) arrive(chip, request.responseText);
      else if (chip.isConnected) fail(chip, failureSentence(request.status, request.responseText), !request.status || request.status === 429 || request.status >= 500);
      next();
    };
    request.send(chip.file);
  }

  function arrive(chip, html) {
    const had = chip.contains(document.activeElement), { file } = chip, before = chip.previousElementSibling;
    chip.outerHTML = html;
    if (had) field.focus();
    tell("attached", { file, chip: before ? before.nextElementSibling : chips.firstElementChild });
  }

  function fail(chip, text, again) {
    chip.classList.add("failed");
    chip.querySelector("progress").hidden = true;
    chip.querySelector(".why").textContent = text;
    chip.querySelector("[data-do=retry]").hidden = !again;
    chip.querySelector("[data-do=cancel]").textContent = "Remove";
  }

  const acts = {
    cancel(chip) {
      const at = waiting.indexOf(chip), request = running.get(chip);
      if (at >= 0) waiting.splice(at, 1);
      chip.remove();
      request?.abort();
    },
    retry(chip) {
      chip.classList.remove("failed");
      chip.querySelector("progress").hidden = false;
      chip.querySelector(".why").textContent = "";
      chip.querySelector("[data-do=retry]").hidden = true;
      chip.querySelector("[data-do=cancel]").textContent = "Cancel";
      waiting.push(chip);
      next();
    },
    drop(chip) {
      chip.remove();
      tell("detached", chip);
      fetch(`/files/${chip.dataset.file}/discard`, { method: "POST" }).catch(() => {}); // Otherwise the server's cleanup deletes it later.
    },
  };
  chips.addEventListener("click", event => {
    const act = acts[event.target.closest("button")?.dataset.do];
    if (!act) return;
    act(event.target.closest(".chip"));
    field.focus();
  });

  // Scripts that make files of their own hand them in, and hear what becomes of them.
  const tell = (what, detail) => form.dispatchEvent(new CustomEvent(`littlechat:${what}`, { detail }));
  form.addEventListener("littlechat:attach", ({ detail }) => add(detail));
  receive(form, zone, add);

  form.addEventListener("submit", event => {
    if (!running.size && !waiting.length) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    sendAfter = true;
    status.textContent = "Your message goes out as soon as its files are there.";
  }, { capture: true });

  if (kept) remember(chips, kept);
}

async function remember(chips, key) {
  const ids = () => [...chips.querySelectorAll("[data-file]")].map(chip => chip.dataset.file);
  try {
    const old = new URLSearchParams(JSON.parse(drafts.read(key) || "[]").map(id => ["id", id]));
    new MutationObserver(() => {
      drafts.keep(key, ids().length ? JSON.stringify(ids()) : "");
    }).observe(chips, { childList: true });
    if (!old.size || ids().length) return;
    const answer = await fetch(`/rooms/${room}/files?${old}`);
    if (answer.ok) chips.insertAdjacentHTML("afterbegin", await answer.text());
  } catch { /* Without storage, attachments are remembered only until the page is left. */ }
}

const composer = document.getElementById("composer");
takeFiles(composer, document.getElementById("main"), drafts.keyOf("files", room));
