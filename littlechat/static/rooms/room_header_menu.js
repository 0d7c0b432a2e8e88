// On a phone the room header has a menu; it closes together with the panel that was opened from it.

const menu = document.getElementById("bar-more");
const button = document.querySelector(".more-button");

for (const id of ["level", "people"]) document.getElementById(id).addEventListener("toggle", event => {
  if (event.newState !== "closed" || !menu.matches(":popover-open")) return;
  const { activeElement, body } = document;
  menu.hidePopover();
  // If closing it moved the focus elsewhere, leave it there.
  if (activeElement === body || [menu, event.target].some(one => one.contains(activeElement))) button.focus();
});
