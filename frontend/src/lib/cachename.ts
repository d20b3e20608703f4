/** What pages and the service worker keep alike: the caches of lessons, one a person, and pages for want of a network. */

export const PREFIX = "kept:";
/** Pages and static files that are the same for everybody. */
export const SHELL = "shell-3";
/** The page of what is kept. */
export const SAVED = "/courses/saved/";

export function cacheOf(owner: string): string {
  return PREFIX + owner;
}

/** Keep a page that is the same for everybody, with the styles and scripts that it names, for want of a network. */
export async function keepPage(address: string): Promise<void> {
  const cache = await caches.open(SHELL);
  const page = await fetch(address, { credentials: "omit", cache: "reload" });
  if (!page.ok) return;
  const html = await page.clone().text();
  await cache.put(address, page);
  const files = html.match(/\/static\/[^"]+\.(css|js)/g) ?? [];
  await Promise.all(files.map((url) => cache.add(url)));
}
