// The way back from what was just done: announced, reached with the first press of Tab, and gone after
// some seconds in which nobody points at it or has the focus in it.

const SHOWN = 10_000;
const toast = document.getElementById("undo");

if (toast) {
  const line = toast.querySelector("[role=status]"), sentence = line.textContent;
  const button = toast.querySelector("button");
  // Screen readers tell of what changes in a live region, not of what is there from the start.
  line.textContent = "";
  setTimeout(() => { line.textContent = sentence; }, 100);
  document.addEventListener("keydown", event => {
    if (event.key !== "Tab" || event.shiftKey || document.activeElement !== document.body || !toast.isConnected) return;
    event.preventDefault();
    button.focus();
  });
  let timer;
  const wait = () => { timer = setTimeout(() => toast.matches(":hover, :focus-within") ? wait() : toast.remove(), SHOWN); };
  ["pointerleave", "focusout"].forEach(kind => toast.addEventListener(kind, () => { clearTimeout(timer); wait(); }));
  wait();
}
