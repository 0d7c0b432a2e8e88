// What is said of a request that failed. An answer of littlechat brings its own sentence, in an element
// with role="alert"; what a proxy in front answers in its place is never shown, and told by its status.

const OWN = "[role=alert]";

const parsed = html => new DOMParser().parseFromString(html, "text/html");

const UNREACHED = "The server cannot be reached. Try again in a moment.";

function proxySentence(status) {
  if (!status) return UNREACHED;
  if (status === 413) return "This is too large for the proxy in front of littlechat. Whoever runs it can raise its limit.";
  if ([502, 503, 504].includes(status)) return "littlechat is restarting, or the proxy in front cannot reach it. Try again in a moment.";
  return `The proxy in front of littlechat answered in its place (${status}). Try again, or tell whoever runs it.`;
}

export const isOurs = html => Boolean(parsed(html ?? "").querySelector(OWN));

// `status` is 0 for a request without an answer.
export const failureSentence = (status, html) => parsed(html ?? "").querySelector(OWN)?.textContent.trim() || proxySentence(status);

function alertOf(sentence) {
  const alert = document.createElement("p");
  alert.className = "alert";
  alert.setAttribute("role", "alert");
  alert.textContent = sentence;
  return alert.outerHTML;
}

// htmx puts what failed into the page, too: instead of a proxy's page, our sentence, if a person did
// something; a list that was only fetched again stays as it is, and the line for passing notices tells why.
document.addEventListener("htmx:after:request", event => {
  const { ctx } = event.detail, { status } = ctx.response;
  if (status < 400 || isOurs(ctx.text)) return;
  if (ctx.request.method === "GET") {
    event.preventDefault();
    const told = document.getElementById("told");
    if (told) told.innerHTML = alertOf(proxySentence(status));
    return;
  }
  ctx.text = alertOf(proxySentence(status));
});
