/** Sentences come translated from the server; here they are filled in. */

export type Words = Record<string, string>;

export function fill(words: Words, key: string, values: Record<string, string | number> = {}): string {
  return (words[key] ?? "").replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

function two(n: number): string {
  return n < 10 ? `0${n}` : String(n);
}

/** 12:41, or 1:05:09 from an hour on. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const hours = Math.floor(seconds / 3600);
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}

export function byId<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`#${id} is missing`);
  return found as T;
}

export function readData<T>(id: string): T {
  return JSON.parse(byId(id).textContent ?? "null") as T;
}
