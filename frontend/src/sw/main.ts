/**
 * The service worker: an offline page, and static files that need not come twice. Personal pages are never kept, and
 * nothing depends on it (WeChat has none). What waits to be sent is the outbox's business, in the page.
 */
export {};

declare const self: ServiceWorkerGlobalScope;

const CACHE = "shell-1";
const OFFLINE = "/offline/";
const STATIC = "/static/";
// A name with a hash of its content never changes; one without (development) may.
const HASHED = /\.[0-9a-f]{8,16}\.[a-z0-9]+$/;

/** Keep the offline page and the stylesheet that it names, so that it looks right without a network. */
async function keepOfflinePage(): Promise<void> {
  const cache = await caches.open(CACHE);
  const page = await fetch(OFFLINE, { credentials: "omit", cache: "reload" });
  if (!page.ok) return;
  const html = await page.clone().text();
  await cache.put(OFFLINE, page);
  const sheets = html.match(/\/static\/[^"]+\.css/g) ?? [];
  await Promise.all(sheets.map((url) => cache.add(url)));
}

async function dropOldCaches(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)));
}

/** Static files: the kept one at once where its name is hashed, else the network and the kept one as a second choice. */
async function staticFile(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request);
  if (kept && HASHED.test(new URL(request.url).pathname)) return kept;
  try {
    const fresh = await fetch(request);
    if (fresh.status === 200) await cache.put(request, fresh.clone());
    return fresh;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

async function page(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch {
    const kept = await caches.match(OFFLINE);
    return kept ?? Response.error();
  }
}

self.addEventListener("install", (event) => {
  event.waitUntil(keepOfflinePage().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(dropOldCaches().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    // The admin and signed media look after themselves.
    if (url.pathname.indexOf("/admin/") !== 0 && url.pathname.indexOf("/m/") !== 0) event.respondWith(page(request));
  } else if (url.pathname.indexOf(STATIC) === 0 && !request.headers.has("range")) {
    event.respondWith(staticFile(request));
  }
});
