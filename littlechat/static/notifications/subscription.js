// Push notifications in this browser: whether it supports and allows them, and turning them on and off.
// The browser's question for permission comes only after the button was pressed.

const box = document.getElementById("this-browser");
const on = document.getElementById("turn-on"), off = document.getElementById("turn-off");
const { key } = box.dataset;

const isApplePhone = /iPhone|iPad|iPod/.test(navigator.userAgent)
  || (navigator.platform === "MacIntel" && navigator.maxTouchPoints > 1);

function show(state) {
  box.dataset.state = state;
  for (const part of box.querySelectorAll("[data-when]"))
    part.hidden = !part.dataset.when.split(" ").includes(state);
}

const ready = () => navigator.serviceWorker.ready;
const current = async () => (await ready()).pushManager.getSubscription();

async function digest(text) {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return [...bytes].map(byte => byte.toString(16).padStart(2, "0")).join("");
}

// This browser's row in the list of subscribed browsers, if it is subscribed.
async function row() {
  const subscription = await current();
  return subscription && document.querySelector(`[data-browser="${await digest(subscription.endpoint)}"]`);
}

async function decide() {
  if (!isSecureContext) return show("insecure");
  if (!("PushManager" in window && "Notification" in window && navigator.serviceWorker))
    return show(isApplePhone ? "apple" : "unable");
  if (Notification.permission === "denied") return show("denied");
  const here = Notification.permission === "granted" ? await row() : null;
  here?.querySelector(".tag")?.removeAttribute("hidden");
  show(here ? "on" : "off");
}

async function turnOn() {
  complain("");
  if (await Notification.requestPermission() !== "granted") return decide();
  try {
    const { pushManager } = await ready();
    // A subscription made with another server key, by an earlier installation, cannot be used.
    await (await pushManager.getSubscription())?.unsubscribe();
    const subscription = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    await tell(subscription.toJSON());
  } catch (error) {
    console.warn(error);
    complain("Your browser could not reach its push service. Try again later, or with another browser.");
  }
}

async function tell({ endpoint, keys }) {
  const answer = await fetch("/account/notifications/subscribe", {
    method: "POST", headers: { "HX-Request": "true" }, body: new URLSearchParams({ endpoint, ...keys }),
  });
  if (answer.ok) return location.reload();
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  complain(page.body.textContent.trim());
}

function complain(text) {
  const box = document.getElementById("push-alert");
  box.textContent = text;
  box.hidden = !text;
}

async function turnOff() {
  const here = await row();
  await (await current())?.unsubscribe();
  // Asked for by the button of this very browser: the form's question is for the others in the list.
  const browser = here?.querySelector("[name=browser]").value;
  if (browser) await fetch("/account/notifications/unsubscribe", {
    method: "POST", headers: { "HX-Request": "true" }, body: new URLSearchParams({ browser }),
  });
  location.reload();
}

async function busy(button, act) {
  button.disabled = true;
  try {
    await act();
  } finally {
    button.disabled = false;
  }
}

on.addEventListener("click", () => busy(on, turnOn));
off.addEventListener("click", () => busy(off, turnOff));
navigator.permissions?.query({ name: "notifications" }).then(state => state.onchange = decide, () => {});
decide();

// Until a time zone is chosen, suggest the browser's.
const zone = document.getElementById("zone");
if (!zone.value) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone.selectedIndex < 0) zone.selectedIndex = 0;
