// Requests of the message menu, the reactions and others: posts, inserts the messages of the response,
// and shows a sentence if it fails.

import { place } from "./message_list.js";
import { failureSentence } from "../layout/failures.js";

const SHOWN = 6_000;
const told = document.getElementById("told");
let timer;

export function say(sentence, bad = false) {
  const line = document.createElement("span");
  if (bad) line.setAttribute("role", "alert");
  line.textContent = sentence;
  told.replaceChildren(line);
  clearTimeout(timer);
  timer = setTimeout(() => told.replaceChildren(), SHOWN);
}

export async function post(path, values = {}) {
  let answer, html = "";
  try {
    answer = await fetch(path, { method: "POST", headers: { "HX-Request": "true" }, body: new URLSearchParams(values) });
    html = await answer.text();
  } catch {
    say(failureSentence(0), true);
    return false;
  }
  const away = answer.headers.get("HX-Redirect");
  if (away) location.assign(away);
  if (answer.ok) place(document.getElementById("messages"), document.createRange().createContextualFragment(html));
  else say(failureSentence(answer.status, html), true);
  return answer.ok;
}
