// The menu in a phone's bar is done with when what was opened from it closes.

const menu = document.getElementById("bar-more");

for (const id of ["level", "people"]) document.getElementById(id).addEventListener("toggle", event => {
  if (event.newState === "closed" && menu.matches(":popover-open")) menu.hidePopover();
});
