// One menu for all messages: it goes to the message under the pointer or with the focus, so that a
// message need not carry it for everybody.

const list = document.getElementById("messages");
const { me, room, manages } = document.body.dataset;
const menu = document.getElementById("message-tools").content.firstElementChild.cloneNode(true);
const own = menu.querySelector(".own"), removable = menu.querySelector(".removable");

function offer(event) {
  const item = event.target.closest(".message");
  if (!item || item.contains(menu)) return;
  const mine = item.dataset.author === me, gone = item.matches(".removed");
  own.hidden = !mine || gone;
  removable.hidden = !(mine || manages === "yes") || gone;
  item.querySelector(".byline").append(menu);
}

["pointerover", "focusin", "click"].forEach(kind => list.addEventListener(kind, offer));

menu.addEventListener("click", event => {
  const item = menu.closest(".message"), what = event.target.dataset.do;
  const address = `/rooms/${room}/messages/${item.dataset.seq}`;
  if (what === "edit") edit(item, address);
  if (what === "remove" && confirm("Remove this message for everybody?"))
    htmx.ajax("POST", `${address}/remove`, { target: "#messages", swap: "place" });
});

export async function edit(item, address) {
  const body = item.querySelector(".message-body");
  await htmx.ajax("GET", `${address}/edit`, { target: body, swap: "innerHTML" });
  const field = item.querySelector("textarea");
  field?.focus();
  field?.setSelectionRange(field.value.length, field.value.length);
}

list.addEventListener("keydown", event => {
  const form = event.target.closest("form.edit");
  if (!form) return;
  if (event.key === "Escape") form.querySelector("button[type=button]").click();
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});
