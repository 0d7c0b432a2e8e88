// Asks before an act that cannot be undone, in a dialog whose words the server gives. Forms with
// data-ask lead to a page with the same question, which is where they go if it cannot be had.

const dialog = document.createElement("dialog");
dialog.className = "question";
dialog.setAttribute("aria-labelledby", "question-title");
dialog.setAttribute("aria-describedby", "question-text");
document.body.append(dialog);

async function fetchQuestion(query) {
  try {
    const answer = await fetch(`/confirm?${query}`, { headers: { "HX-Request": "true" } });
    return answer.ok ? await answer.text() : "";
  } catch {
    return "";
  }
}

function open(html) {
  dialog.innerHTML = html;
  dialog.showModal();
  // On what changes nothing: Enter alone must not do it.
  dialog.querySelector("[data-cancel]").focus();
}

dialog.addEventListener("click", event => {
  if (!event.target.closest("[data-cancel]") && event.target !== dialog) return;
  event.preventDefault();
  dialog.close();
});

document.addEventListener("submit", async event => {
  const form = event.target;
  if (!form.matches("[data-ask]")) return;
  event.preventDefault();
  const opener = event.submitter;
  const html = await fetchQuestion(new URLSearchParams(new FormData(form)));
  if (!html) return form.submit();
  open(html);
  dialog.addEventListener("close", () => opener?.focus(), { once: true });
});

// For scripts that do the act themselves: whether the person means it.
export async function meant(act) {
  const html = await fetchQuestion(new URLSearchParams({ act }));
  if (!html) return false;
  open(html);
  return new Promise(resolve => {
    const answer = event => { event.preventDefault(); resolve(true); dialog.close(); };
    dialog.querySelector("form").addEventListener("submit", answer);
    dialog.addEventListener("close", () => resolve(false), { once: true });
  });
}
