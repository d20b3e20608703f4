/**
 * Lessons kept on the phone, in the browser's Cache Storage: one cache a person, so that nobody else of this phone sees
 * them. It goes at sign-out, and as soon as somebody else is signed in here.
 */
import { cacheOf, PREFIX } from "./cachename";
import { keepOnlySheetsOf } from "./sheetname";
import { recall, remember } from "./storage";

const OWNER = "kept-owner";
const LARGE = "kept-large";

/** Can this browser keep lessons and show them without a network? */
export function canKeep(): boolean {
  return "caches" in window && "serviceWorker" in navigator;
}

/** Whose lessons this phone keeps; "" nobody's. */
export function keptOwner(): string {
  return recall("localStorage", OWNER, "");
}

export function nowKeptFor(owner: string): void {
  remember("localStorage", OWNER, owner || null);
}

/** For pages that are the same for everybody and come without a line: does whoever uses this phone read large? */
export function rememberSize(): void {
  remember("localStorage", LARGE, document.documentElement.dataset.mode === "elder");
}

export function readsLarge(): boolean {
  return recall("localStorage", LARGE, false);
}

/** Delete what is kept for anybody but `owner` ("": for everybody). */
export async function keepOnlyFor(owner: string): Promise<void> {
  keepOnlySheetsOf(owner);
  if (!("caches" in window)) return;
  const names = await window.caches.keys();
  const others = names.filter((name) => name.indexOf(PREFIX) === 0 && name !== cacheOf(owner));
  await Promise.all(others.map((name) => window.caches.delete(name)));
  if (keptOwner() && keptOwner() !== owner) nowKeptFor("");
}
