/**
 * The service worker: pages for when there is no network, and static files that need not come twice. Personal pages are
 * never kept, and nothing depends on it (WeChat has none). What waits to be sent is the outbox's business, in the page;
 * so are the lessons that a person keeps (lib/kept.ts): this shows their page, and deletes them at sign-out.
 */
import { SHELL as CACHE, keepPage, PREFIX, SAVED } from "../lib/cachename";

declare const self: ServiceWorkerGlobalScope;

const OFFLINE = "/offline/";
// A lesson, or a quiz in it.
const LESSON = /^\/courses\/(\d+\/\d+)\/(?:quizzes\/(\d+)\/)?$/;
const SIGN_OUT = "/accounts/logout/";
const STATIC = "/static/";
// A name with a hash of its content never changes; one without (development) may.
const HASHED = /\.[0-9a-f]{8,16}\.[a-z0-9]+$/;

async function dropOldCaches(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name !== CACHE && name.indexOf(PREFIX) !== 0);
  await Promise.all(old.map((name) => caches.delete(name)));
  // Their page was in the cache that went.
  if (names.some((name) => name.indexOf(PREFIX) === 0)) await keepPage(SAVED).catch(() => undefined);
}

/** Whoever signs out leaves nothing on the phone that the next person could open. */
async function dropKept(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.indexOf(PREFIX) === 0).map((name) => caches.delete(name)));
}

/** Does the phone keep this lesson? Whose it is, the page looks after. */
async function isKept(key: string): Promise<boolean> {
  const names = await caches.keys();
  const own = names.filter((name) => name.indexOf(PREFIX) === 0);
  const found = await Promise.all(own.map((cacheName) => caches.match(`/kept/${key}/lesson`, { cacheName })));
  return found.some(Boolean);
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
    const { pathname } = new URL(request.url);
    const [, key, quiz] = LESSON.exec(pathname) ?? [];
    if (key && (await isKept(key))) return Response.redirect(`${SAVED}#${key}${quiz ? `/${quiz}` : ""}`);
    const kept = await caches.match(pathname === SAVED ? SAVED : OFFLINE, { cacheName: CACHE });
    return kept ?? Response.error();
  }
}

self.addEventListener("install", (event) => {
  event.waitUntil(keepPage(OFFLINE).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(dropOldCaches().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method === "POST" && url.pathname === SIGN_OUT) event.waitUntil(dropKept());
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    // The admin and signed media look after themselves.
    if (url.pathname.indexOf("/admin/") !== 0 && url.pathname.indexOf("/m/") !== 0) event.respondWith(page(request));
  } else if (url.pathname.indexOf(STATIC) === 0 && !request.headers.has("range") && request.cache !== "no-store") {
    // "no-store": a page measures the line (check/trials.ts).
    event.respondWith(staticFile(request));
  }
});
