/** The page's own name: a reload keeps it, a second tab (also a copy of this one) has another. */
import { randomId } from "../lib/device";
import { recall, remember } from "../lib/storage";

export function pageSource(occasion: number): string {
  const key = `host-page-${occasion}`;
  const source = recall("sessionStorage", key, "") || randomId();
  // It lies there only while the page is away: a copied tab copies the store.
  remember("sessionStorage", key, null);
  window.addEventListener("pagehide", () => remember("sessionStorage", key, source));
  window.addEventListener("pageshow", () => remember("sessionStorage", key, null));
  return source;
}
