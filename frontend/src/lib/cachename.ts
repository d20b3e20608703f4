/** How the caches of kept lessons are called, for pages and for the service worker: one a person. */

export const PREFIX = "kept:";

export function cacheOf(owner: string): string {
  return PREFIX + owner;
}
