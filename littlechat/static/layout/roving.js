// A toolbar or a menu has one tab stop; the arrow keys, Home and End move through its buttons.

const STEPS = { ArrowDown: 1, ArrowUp: -1 };

const visible = box => [...box.querySelectorAll("button")].filter(one => one.checkVisibility());

function stop(box, target) {
  box.querySelectorAll("button").forEach(one => { one.tabIndex = one === target ? 0 : -1; });
}

// Make the first visible button the tab stop.
export function rewind(box) {
  stop(box, visible(box)[0]);
}

export function rove(box) {
  box.addEventListener("keydown", event => {
    const all = visible(box), at = all.indexOf(document.activeElement);
    if (event.ctrlKey || event.metaKey || event.altKey || at < 0) return;
    const ahead = getComputedStyle(box).direction === "rtl" ? -1 : 1;
    const step = { ...STEPS, ArrowRight: ahead, ArrowLeft: -ahead }[event.key];
    const next = step ? all.at((at + step) % all.length) : { Home: all[0], End: all.at(-1) }[event.key];
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
  box.addEventListener("focusin", event => stop(box, event.target));
}
