// What a key press means, decided in one place for all fields: whether it belongs to an input method,
// and whether Enter sends or breaks the line.

const touch = matchMedia("(pointer: coarse), (hover: none)");

// Whether the key was pressed to an input method, which then needs it for itself. Safari ends the
// composition before the Enter that confirmed it: isComposing is false then, and keyCode is 229.
export const isComposing = event => event.isComposing || event.keyCode === 229;

// Whether Enter breaks the line, because the keyboard on the screen has no Shift+Enter.
export const enterBreaks = () => touch.matches;

// Whether the key sends a text of several lines. Control or Command with Enter sends on every device.
export function isSend(event) {
  if (event.key !== "Enter" || event.shiftKey || event.altKey || event.defaultPrevented || isComposing(event)) return false;
  return event.ctrlKey || event.metaKey || !enterBreaks();
}

// Let the keyboard on the screen name what its Enter does.
export function nameEnter(field) {
  field.enterKeyHint = enterBreaks() ? "enter" : "send";
}
