// Registers the service worker, which shows notifications and the offline page. Browsers have service
// workers only over https and on localhost.

const worker = document.querySelector("meta[name=worker]");
const begin = () => navigator.serviceWorker.register(worker.content).catch(() => {});

if (worker && navigator.serviceWorker) {
  if (document.readyState === "complete") begin();
  else addEventListener("load", begin);
}
