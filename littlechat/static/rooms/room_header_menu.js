// The menu in a phone's bar is done with when what was opened from it closes.

const menu = document.getElementById("bar-more");
const button = document.querySelector(".more-button");

for (const id of ["level", "people"]) document.getElementById(id).addEventListener("toggle", event => {
  if (event.newState !== "closed" || !menu.matches(":popover-open")) return;
  const { activeElement, body } = document;
  menu.hidePopover();
  // Who went on elsewhere by closing it stays there.
  if (activeElement === body || menu.contains(activeElement)) button.focus();
});
