// The profile card: a click on an author's name or avatar, in the room or in a thread, opens it beside
// them. Without a mouse, the names in the list of people lead to the same profile as a whole page.

import { localiseAll } from "../layout/times.js";

const card = document.getElementById("card");

document.addEventListener("click", async event => {
  const item = event.target.closest(".author, .message > .avatar")?.closest(".message");
  if (!item || event.defaultPrevented) return;
  const box = event.target.getBoundingClientRect();
  await htmx.ajax("GET", `/people/${encodeURIComponent(item.dataset.author)}`, { target: card, swap: "innerHTML" });
  localiseAll(card);
  card.showPopover();
  const { width, height } = card.getBoundingClientRect();
  card.style.insetInlineStart = "auto";
  card.style.left = `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`;
  card.style.top = `${Math.max(8, Math.min(box.bottom + 6, innerHeight - height - 8))}px`;
  card.querySelector("a, button")?.focus();
});
