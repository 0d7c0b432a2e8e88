// Completes @names in any field named "body" from the members that the page shows. A suggestion is
// chosen with the arrow keys and Enter or Tab, or by a click; Escape closes the list.

import { isComposing } from "../layout/keys.js";

const SHOWN = 8;
const popup = document.getElementById("completions");
const status = document.getElementById("completions-status");
const template = document.getElementById("completion");
const members = document.getElementById("members");
// Letters that Unicode does not take apart, by what is typed for them on other keyboards.
const PLAIN = { ı: "i", ø: "o", ł: "l", đ: "d", ħ: "h", ŧ: "t", ð: "d", þ: "th", æ: "ae", œ: "oe", ß: "ss" };
const fold = text => text.normalize("NFKC").toLowerCase().normalize("NFD").replace(/\p{Mn}/gu, "")
  .replace(/[ıøłđħŧðþæœß]/gu, letter => PLAIN[letter]).normalize("NFC");
// In scripts written without blanks a name begins right after a letter.
const UNSPACED = ["Han", "Hira", "Kana", "Hang", "Thai", "Laoo", "Khmr", "Mymr", "Tibt"].map(name => `\\p{scx=${name}}`).join("");
const NAME = new RegExp(`(?:^|[^\\p{L}\\p{M}\\p{Nd}_@＠﹫/-]|[${UNSPACED}]|[@＠﹫][\\p{L}\\p{M}\\p{Nd}._-]{1,32}/)[@＠﹫]([\\p{L}\\p{M}\\p{Nd}._-]{0,32})$`, "u");
let field, start, found = [], chosen = 0, dismissed = -1;

// The text between an @ and the caret, or null if there is no place for a name.
function typed() {
  if (field.selectionStart !== field.selectionEnd) return null;
  const before = field.value.slice(0, field.selectionStart);
  const match = NAME.exec(before);
  if (!match) return null;
  start = before.length - match[1].length - 1;
  return fold(match[1]);
}

function people() {
  const online = new Set([...document.querySelectorAll("#online [data-user]")].map(one => one.dataset.user));
  const all = [...members.querySelectorAll("[data-member]")].map(one => ({
    name: one.dataset.member, called: one.dataset.called ?? "", avatar: one.querySelector(".avatar"), about: online.has(one.dataset.member) ? "online" : "",
  }));
  const calls = members.dataset.mayMentionAll === "yes"
    ? [{ name: "all", about: "everybody in this room" }, { name: "here", about: "those who are online now" }] : [];
  return [...all, ...calls];
}

// Names that begin with the text come first, then those that have a word that does, also in the
// display name; people online before others.
function matches(text) {
  const rank = ({ name, called = "", about, avatar }) => {
    const folded = fold(name), parts = fold(`${name} ${called}`).split(/[^\p{L}\p{M}\p{Nd}]+/u);
    const fits = folded.startsWith(text) ? 0 : parts.some(part => part.startsWith(text)) ? 2 : 9;
    return fits + (about === "online" ? 0 : avatar ? 1 : 1.5);
  };
  return people().map(one => ({ ...one, rank: rank(one) })).filter(one => one.rank < 9)
    .sort((a, b) => a.rank - b.rank).slice(0, SHOWN);
}

function refresh() {
  const text = typed();
  if (text === null || start === dismissed) return hide(text !== null);
  found = matches(text);
  // Nothing matches any more, such as after a complete name and a space.
  if (!found.length) return hide(true);
  popup.replaceChildren(...found.map(option));
  choose(0);
  if (!popup.matches(":popover-open")) open();
  place();
  status.textContent = found.length === 1 ? `1 suggestion, ${found[0].name}` : `${found.length} suggestions`;
}

function option({ name, about, avatar }, index) {
  const item = template.content.firstElementChild.cloneNode(true);
  item.id = `completion-${index}`;
  if (avatar) {
    item.dataset.person = name;
    item.querySelector(".avatar").replaceWith(avatar.cloneNode(true));
    item.querySelector(".label").dataset.named = name;
  } else item.querySelector(".avatar").textContent = "@";
  item.querySelector(".label").textContent = name;
  item.querySelector(".meta").textContent = about;
  return item;
}

function open() {
  popup.showPopover();
  for (const [key, value] of [["controls", popup.id], ["autocomplete", "list"], ["haspopup", "listbox"]])
    field.setAttribute(`aria-${key}`, value);
}

function place() {
  const box = field.getBoundingClientRect();
  popup.style.left = `${box.left}px`;
  popup.style.bottom = `${innerHeight - box.top + 6}px`;
  popup.style.width = `${Math.min(box.width, 352)}px`;
}

function hide(keepDismissed = false) {
  if (!keepDismissed) dismissed = -1;
  if (!popup.matches(":popover-open")) return;
  popup.hidePopover();
  found = [];
  status.textContent = "";
  ["controls", "autocomplete", "haspopup", "activedescendant"].forEach(key => field.removeAttribute(`aria-${key}`));
}

function choose(index) {
  chosen = (index + found.length) % found.length;
  [...popup.children].forEach((item, n) => item.setAttribute("aria-selected", n === chosen));
  popup.children[chosen].scrollIntoView({ block: "nearest" });
  field.setAttribute("aria-activedescendant", popup.children[chosen].id);
}

function take(index) {
  const text = `@${found[index].name}`;
  const after = field.value.slice(field.selectionStart, field.selectionStart + 1);
  hide();
  field.setRangeText(after === " " ? text : `${text} `, start, field.selectionStart, "end");
  if (after === " ") field.selectionStart += 1;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
}

const KEYS = {
  ArrowDown: () => choose(chosen + 1),
  ArrowUp: () => choose(chosen - 1),
  Enter: () => take(chosen),
  Tab: () => take(chosen),
  Escape: () => { dismissed = start; hide(true); },
};

// In the capture phase, before the field's own handlers, where Enter sends and Escape leaves.
document.addEventListener("keydown", event => {
  if (event.target !== field || !found.length || isComposing(event) || event.shiftKey) return;
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  act();
}, true);

document.addEventListener("input", event => {
  if (!event.target.matches?.("textarea[name=body]") || event.isComposing) return;
  field = event.target;
  refresh();
});
document.addEventListener("selectionchange", () => { if (found.length && typed() === null) hide(); });
document.addEventListener("focusout", event => { if (event.target === field) hide(); });
// A press on the list must not take the focus from the field, nor close a phone's keyboard.
popup.addEventListener("pointerdown", event => event.preventDefault());
popup.addEventListener("click", event => {
  const item = event.target.closest("[role=option]");
  if (item) take([...popup.children].indexOf(item));
});
addEventListener("resize", () => hide());
