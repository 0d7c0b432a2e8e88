// The page shown while the server cannot be reached: reloads as soon as the server answers.

async function tryAgain() {
  try {
    if ((await fetch("/healthz", { cache: "no-store" })).ok) location.reload();
  } catch { /* The server still does not answer. */ }
}

addEventListener("online", tryAgain);
document.getElementById("again").addEventListener("click", event => {
  event.preventDefault();
  location.reload();
});
setInterval(tryAgain, 5_000);
