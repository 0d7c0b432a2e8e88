// A message that is too long: it stays whole in its field, the button says why it cannot be sent, and the
// text can go as a file. The field keeps it until the file is there, and gets it back if that is removed.

import { excess, tell } from "../layout/length.js";

const NAME = "message.txt";
const limit = field => Number(field.dataset.max).toLocaleString("en");

// `fill` puts a text into the field.
export function refuseLong(composer, fill) {
  const field = composer.elements.body;
  const button = composer.querySelector(".as-file"), send = composer.querySelector(".send");
  const word = send.querySelector(".unseen"), plain = word.textContent;
  const notice = composer.querySelector(".alerts");
  let file = null, text = "", chip = null;

  composer.addEventListener("littlechat:length", ({ detail: over }) => {
    button.hidden = !over;
    send.ariaDisabled = over ? "true" : null;
    word.textContent = over ? `${plain}: the message is ${over.toLocaleString("en")} characters too long` : plain;
    send.title = over ? word.textContent : "";
  });

  composer.addEventListener("submit", event => {
    const over = excess(field);
    if (!over) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    notice.innerHTML = "<p class=\"alert\" role=\"alert\"></p>";
    notice.firstElementChild.textContent =
      `A message has at most ${limit(field)} characters; this one is ${over.toLocaleString("en")} over.`;
    tell(field);
    field.focus();
  }, { capture: true });

  button.addEventListener("click", () => {
    text = field.value;
    file = new File([text], NAME, { type: "text/plain" });
    button.hidden = true;
    composer.dispatchEvent(new CustomEvent("littlechat:attach", { detail: [file] }));
  });
  composer.addEventListener("littlechat:attached", ({ detail }) => {
    if (detail.file !== file) return;
    chip = detail.chip;
    notice.replaceChildren();
    if (field.value === text) fill("");
  });
  composer.addEventListener("littlechat:detached", ({ detail }) => {
    if (detail === chip) fill(field.value ? `${text}\n${field.value}` : text);
  });
}
