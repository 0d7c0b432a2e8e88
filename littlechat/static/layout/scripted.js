// Marks the page as one whose scripts run, before anything of it is drawn. Loaded by a script element
// that blocks, because what is drawn without scripts must not be seen first.

document.documentElement.classList.add("scripted");
// Where the browser cannot hold the first picture back until room.js has run, the style sheet hides what
// room.js has yet to put right.
if (!("blocking" in HTMLScriptElement.prototype)) document.documentElement.classList.add("unready");
