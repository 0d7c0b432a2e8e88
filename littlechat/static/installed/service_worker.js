// The service worker, served as /sw.js: shows notifications, opens the room that one is about, and
// caches the offline page. It caches nothing else, so that no messages stay in a browser's cache.

const VERSION = new URL(location.href).searchParams.get("v") ?? "0";
const OFFLINE = "/offline";

self.addEventListener("install", event => {
  // POSTs bypass the worker where the browser supports it: a request that a page sends while it is being
  // closed gets lost when it passes through a worker.
  event.addRoutes?.({ condition: { requestMethod: "POST" }, source: "network" });
  event.waitUntil(keep().then(() => self.skipWaiting()));
});
self.addEventListener("activate", event => event.waitUntil(begin()));

// Cache the offline page and the files it links: style sheets, icon, script.
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
    const answer = await event.preloadResponse || await fetch(event.request);
    // A proxy says so of a server that restarts; our own pages all carry a policy.
    const proxys = [502, 503, 504].includes(answer.status) && !answer.headers.has("Content-Security-Policy");
    return proxys ? await caches.match(OFFLINE, { ignoreVary: true }) ?? answer : answer;
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
  } catch { /* Not a payload of ours; a browser requires a notification for every push, so show a plain one. */ }
  const { title = "littlechat", body = "", url = "/rooms", tag = "", insists = false } = notice;
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  // No notification for a room that is visible and focused. The server checks this as well, but what it
  // knows can be some seconds old.
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

// Open in a tab that shows this room, else in one that shows another room (its draft is kept), else in
// a new one.
async function open(url) {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find(one => isAt(one, url))
    ?? pages.find(one => /^\/rooms(\/[^/]+)?$/.test(new URL(one.url).pathname));
  if (!page) return self.clients.openWindow(url);
  try {
    await page.navigate(url);
  } catch {
    return self.clients.openWindow(url); // The worker may not navigate a page that was loaded before it.
  }
  return page.focus().catch(() => {});
}

// The browser has replaced its push subscription: send the new one, or notifications silently stop.
self.addEventListener("pushsubscriptionchange", event => event.waitUntil(renew(event)));

async function renew({ oldSubscription, newSubscription }) {
  const options = oldSubscription?.options;
  const subscription = newSubscription ?? (options && await self.registration.pushManager.subscribe(options));
  if (!subscription) return;
  const { endpoint, keys } = subscription.toJSON();
  await fetch("/account/notifications/subscribe", { method: "POST", body: new URLSearchParams({ endpoint, ...keys }) });
}
