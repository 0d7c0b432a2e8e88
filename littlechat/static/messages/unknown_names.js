// Says under a message field which @names in it nobody has, and offers the people who may be meant. The
// server is asked when the typing pauses, and for each message that is sent.

const SIGN = /[@＠﹫]/u;
// The name before the caret is still being typed: it is looked at only after a long pause.
const UNFINISHED = /[@＠﹫][\p{L}\p{M}\p{Nd}._-]*$/u;
const PAUSE_MS = 600, LONG_PAUSE_MS = 2000;
let timers = [], asked = 0;

const regionOf = form => form?.querySelector(".unknown-names");

function show(region, html) {
  // Unchanged text is left alone, or a screen reader would say it again.
  if (region.dataset.shown === html) return;
  region.dataset.shown = html;
  region.innerHTML = html;
}

async function check(form, text) {
  const region = regionOf(form), number = ++asked;
  if (!SIGN.test(text)) return show(region, "");
  const body = new URLSearchParams({ body: text });
  const address = `/rooms/${document.body.dataset.room}/mentions`;
  const response = await fetch(address, { method: "POST", body, headers: { "HX-Request": "true" } }).catch(() => null);
  // Offline or refused: the message itself says so. An answer that was overtaken is dropped.
  if (response?.ok && number === asked) show(region, (await response.text()).trim());
}

function finished(field) {
  const caret = field.selectionEnd;
  return field.value.slice(0, caret).replace(UNFINISHED, "") + field.value.slice(caret);
}

document.addEventListener("input", ({ target: field }) => {
  if (!field.matches?.("textarea[name=body]") || !regionOf(field.form)) return;
  timers.forEach(clearTimeout);
  if (!SIGN.test(field.value)) {
    asked++;
    return show(regionOf(field.form), "");
  }
  timers = [
    setTimeout(() => check(field.form, finished(field)), PAUSE_MS),
    setTimeout(() => check(field.form, field.value), LONG_PAUSE_MS),
  ];
});

// In the capture phase, before the composer empties the field.
document.addEventListener("submit", ({ target: form }) => {
  const field = form.elements.body;
  if (!form.matches(".composer") || !field) return;
  timers.forEach(clearTimeout);
  check(form, field.value);
}, true);

const escaped = text => text.replace(/[.*+?^${}()|[\]\\-]/g, "\\$&");

// Puts the chosen name in the place of what was typed, or at the caret if that has been sent already.
function choose(field, typed, name) {
  const place = new RegExp(`[@＠﹫]${escaped(typed)}(?![\\p{L}\\p{M}\\p{Nd}])`, "u").exec(field.value);
  const start = place?.index ?? field.selectionStart, end = place ? start + place[0].length : field.selectionEnd;
  const follows = place && end < field.value.length;
  field.setRangeText(follows ? `@${name}` : `@${name} `, start, end, "end");
  // Behind a name that is complete, no completions: Enter sends.
  if (follows) field.setSelectionRange(field.value.length, field.value.length);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest?.(".unknown-names button");
  if (!button) return;
  const { typed, name } = button.dataset;
  const form = button.form;
  show(regionOf(form), "");
  choose(form.elements.body, typed, name);
});
