// The worker: shows notifications, opens what they tell of, and keeps one page for when there is no
// line. It keeps nothing else: what people write must not lie in a browser's store.

const VERSION = new URL(location.href).searchParams.get("v") ?? "0";
const OFFLINE = "/offline";

self.addEventListener("install", event => {
  // Past us, where browsers can: what a page says while it is left is lost on its way through here.
  event.addRoutes?.({ condition: { requestMethod: "POST" }, source: "network" });
  event.waitUntil(keep().then(() => self.skipWaiting()));
});
self.addEventListener("activate", event => event.waitUntil(begin()));

// The page and what it links: its look, its picture, its script.
async function keep() {
  const cache = await caches.open(VERSION);
  const page = await fetch(OFFLINE, { cache: "reload" });
  if (!page.ok) throw new Error("no offline page");
  const html = await page.clone().text();
  const parts = [...html.matchAll(/"(\/static\/[^"]+(?:\?|&amp;)kept)"/g)];
  await cache.addAll(parts.map(([, url]) => url.replace("&amp;", "&")));
  await cache.put(OFFLINE, page);
}

async function begin() {
  const old = (await caches.keys()).filter(name => name !== VERSION);
  await Promise.all(old.map(name => caches.delete(name)));
  await self.registration.navigationPreload?.enable();
  await self.clients.claim();
}

self.addEventListener("fetch", event => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(visit(event));
  else if (/[?&]kept$/.test(request.url))
    event.respondWith(fetch(request).catch(error => kept(request.url, error)));
});

async function visit(event) {
  try {
    return await event.preloadResponse || await fetch(event.request);
  } catch (error) {
    return kept(OFFLINE, error);
  }
}

async function kept(url, error) {
  const found = await caches.match(url, { ignoreVary: true });
  if (!found) throw error;
  return found;
}

self.addEventListener("push", event => event.waitUntil(show(event.data)));

async function show(data) {
  let notice = {};
  try {
    notice = data.json();
  } catch { /* Nothing that we sent: the browser wants to see something all the same. */ }
  const { title = "littlechat", body = "", url = "/rooms", tag = "", insists = false } = notice;
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  // What is before somebody's eyes needs no notification; the server knows only most of the time.
  if (!insists && pages.some(page => page.focused && isAt(page, url))) return;
  await self.registration.showNotification(title, {
    body, tag, renotify: Boolean(tag), data: { url }, dir: "auto", timestamp: Date.now(),
    icon: "/static/installed/icon-192.png", badge: "/static/installed/notification-badge.png",
  });
}

const isAt = (page, url) => new URL(page.url).pathname === new URL(url, location.href).pathname;

self.addEventListener("notificationclick", event => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.url ?? "/rooms"));
});

// In the room's own tab, else in one that shows some room, whose half-written text is kept; else
// in a new one.
async function open(url) {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find(one => isAt(one, url))
    ?? pages.find(one => /^\/rooms(\/[^/]+)?$/.test(new URL(one.url).pathname));
  if (!page) return self.clients.openWindow(url);
  try {
    await page.navigate(url);
  } catch {
    return self.clients.openWindow(url); // A page from before the worker is not ours to lead.
  }
  return page.focus().catch(() => {});
}

// The browser has renewed its address: say so, or notifications end without a word.
self.addEventListener("pushsubscriptionchange", event => event.waitUntil(renew(event)));

async function renew({ oldSubscription, newSubscription }) {
  const options = oldSubscription?.options;
  const subscription = newSubscription ?? (options && await self.registration.pushManager.subscribe(options));
  if (!subscription) return;
  const { endpoint, keys } = subscription.toJSON();
  await fetch("/account/notifications/subscribe", { method: "POST", body: new URLSearchParams({ endpoint, ...keys }) });
}
