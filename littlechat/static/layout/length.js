// Says live by how much a text is too long. Nothing that is typed or pasted is cut off: the server refuses
// what is too long, with a sentence and with the text still in its field.

const PAUSE = 300; // Of typing, before screen readers hear the new number.
const LEFT_OUT = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]|\p{Cs}/gu;
const timers = new WeakMap();

// Counted as the server counts: characters, not UTF-16 units, without white space at the end.
export function excess(field) {
  const text = field.value.replace(/\r\n?/g, "\n").replace(LEFT_OUT, "").replace(/^\n+/, "").trimEnd();
  const most = Number(field.dataset.max);
  return text.length > most ? Math.max(0, [...text].length - most) : 0;
}

export const tooLong = (field, over = excess(field)) => over
  ? `${over.toLocaleString("en")} over the limit of ${Number(field.dataset.max).toLocaleString("en")} characters. Nothing is cut off.` : "";

export function tell(field) {
  const over = excess(field), status = document.getElementById(`${field.id}-over`);
  if (status && status.textContent !== tooLong(field, over)) status.textContent = tooLong(field, over);
  field.toggleAttribute("data-over", over > 0);
  field.dispatchEvent(new CustomEvent("littlechat:length", { detail: over, bubbles: true }));
}

document.addEventListener("input", ({ target: field }) => {
  if (!field.dataset?.max) return;
  clearTimeout(timers.get(field));
  timers.set(field, setTimeout(tell, PAUSE, field));
});

document.querySelectorAll("[data-max]").forEach(field => { if (excess(field)) tell(field); });
