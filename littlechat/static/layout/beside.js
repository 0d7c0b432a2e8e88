// Places a popover beside the element that opened it, inside the window.

const GAP = 8;

export function placeBeside(popover, anchor) {
  const box = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = popover;
  const above = box.top - height - GAP, below = box.bottom + GAP;
  const top = above > GAP ? above : Math.max(GAP, Math.min(below, innerHeight - height - GAP));
  const start = document.dir === "rtl" ? box.left : box.right - width;
  popover.style.top = `${top}px`;
  popover.style.left = `${Math.max(GAP, Math.min(start, innerWidth - width - GAP))}px`;
}
