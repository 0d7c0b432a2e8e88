// Puts up the worker, which shows notifications and the page for when there is no line. On plain
// http, but for localhost, a browser has none.

const worker = document.querySelector("meta[name=worker]");
const begin = () => navigator.serviceWorker.register(worker.content).catch(() => {});

if (worker && navigator.serviceWorker) {
  if (document.readyState === "complete") begin();
  else addEventListener("load", begin);
}
