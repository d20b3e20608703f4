/** One lesson on the phone: its text and pictures, and its sound as one file. */
import { cacheOf } from "../lib/cachename";
import type { Range } from "../player/ranges";

export interface Sound {
  owner: string;
  occasion: number;
  media: string;
  duration_ms: number;
  needed_ms: number | null;
  credited_ms: Range[];
  records: boolean;
  play_url: string;
  report_url: string;
}

/** As the server gives it (courses/saving.py). */
export interface Lesson {
  /** "occasion/lesson" */
  key: string;
  /** Changes when its text or its sound does. */
  stamp: string;
  title: string;
  course: string;
  url: string;
  html: string;
  audio_url: string;
  sound: Sound;
}

/** As the phone keeps it. */
export interface Kept extends Lesson {
  session: number;
  /** When the server last said that it may stay, ms. */
  checkedAt: number;
  bytes: number;
  hasSound: boolean;
  /** Its author has changed it since. */
  isChanged?: boolean;
}

const PART = /^#EXT-X-MAP:URI="([^"]+)"/;
const ADDRESSES = /<img[^>]* src="([^"]+)"/g;
// Whoever has no network for so long may have lost the right meanwhile.
export const KEPT_MS = 14 * 24 * 3600 * 1000;

function at(key: string, what: string): string {
  return `/kept/${key}/${what}`;
}

/** The files of a playlist in the order in which they make one fragmented MP4. */
export function partsOf(playlist: string, base: string): string[] {
  const parts: string[] = [];
  for (const line of playlist.split(/\r?\n/)) {
    const name = PART.exec(line)?.[1] ?? (line && line[0] !== "#" ? line : "");
    const url = name ? new URL(name, base).href : "";
    if (url && parts.indexOf(url) < 0) parts.push(url);
  }
  return parts;
}

export function picturesOf(html: string): string[] {
  const found: string[] = [];
  for (let match = ADDRESSES.exec(html); match; match = ADDRESSES.exec(html)) {
    const url = (match[1] ?? "").replace(/&amp;/g, "&");
    if (found.indexOf(url) < 0) found.push(url);
  }
  return found;
}

async function fetched(url: string): Promise<Response> {
  const response = await fetch(url, { credentials: "same-origin" });
  if (!response.ok) throw new Error(`${response.status} for ${url}`);
  return response;
}

/** Keep a lesson; `told` gets the share that has come, 0 to 1. Throws where it does not come or does not fit. */
export async function keep(
  owner: string,
  lesson: Lesson,
  session: number,
  told: (share: number) => void,
): Promise<Kept> {
  const cache = await window.caches.open(cacheOf(owner));
  const pictures = picturesOf(lesson.html);
  const parts = lesson.audio_url ? await playlist(lesson.audio_url) : [];
  const all = pictures.length + parts.length;
  let bytes = lesson.html.length;
  let come = 0;
  for (const url of pictures) {
    const blob = await (await fetched(url)).blob();
    await cache.put(url, new Response(blob));
    bytes += blob.size;
    come += 1;
    told(come / all);
  }
  const sound: Blob[] = [];
  for (const url of parts) {
    sound.push(await (await fetched(url)).blob());
    come += 1;
    told(come / all);
  }
  if (sound.length) {
    const whole = new Blob(sound, { type: "audio/mp4" });
    bytes += whole.size;
    await cache.put(at(lesson.key, "sound"), new Response(whole));
  }
  const kept = { ...lesson, session, bytes, checkedAt: Date.now(), hasSound: sound.length > 0 };
  await write(owner, kept);
  return kept;
}

async function playlist(url: string): Promise<string[]> {
  return partsOf(await (await fetched(url)).text(), new URL(url, location.href).href);
}

export async function write(owner: string, kept: Kept): Promise<void> {
  const cache = await window.caches.open(cacheOf(owner));
  await cache.put(at(kept.key, "lesson"), new Response(JSON.stringify(kept)));
}

export async function read(owner: string, key: string): Promise<Kept | null> {
  const cache = await window.caches.open(cacheOf(owner));
  const found = await cache.match(at(key, "lesson"));
  return found ? ((await found.json()) as Kept) : null;
}

export async function blobOf(owner: string, url: string): Promise<Blob | null> {
  const cache = await window.caches.open(cacheOf(owner));
  const found = await cache.match(url);
  return found ? found.blob() : null;
}

export function soundOf(owner: string, key: string): Promise<Blob | null> {
  return blobOf(owner, at(key, "sound"));
}

/** Everything that is kept, in the order of courses and lessons. */
export async function all(owner: string): Promise<Kept[]> {
  if (!owner || !(await window.caches.has(cacheOf(owner)))) return [];
  const cache = await window.caches.open(cacheOf(owner));
  const found: Kept[] = [];
  for (const request of await cache.keys()) {
    if (/\/lesson$/.test(request.url)) {
      const kept = await cache.match(request);
      if (kept) found.push((await kept.json()) as Kept);
    }
  }
  return found.sort((a, b) => (a.course + a.title < b.course + b.title ? -1 : 1));
}

export async function remove(owner: string, key: string): Promise<void> {
  const cache = await window.caches.open(cacheOf(owner));
  const kept = await read(owner, key);
  for (const url of picturesOf(kept?.html ?? "")) await cache.delete(url);
  await cache.delete(at(key, "sound"));
  await cache.delete(at(key, "lesson"));
}

interface State {
  stamps: Record<string, string>;
  gone: Record<string, string>;
}

/** Ask which may stay; those that may not go. Returns what to say of each that went. Without a network nothing changes. */
export async function check(owner: string, kept: Kept[]): Promise<string[]> {
  if (!kept.length) return [];
  let state: State;
  try {
    const response = await fetched(`/courses/saved.json?of=${kept.map((one) => one.key).join(",")}`);
    state = (await response.json()) as State;
  } catch {
    return [];
  }
  const said: string[] = [];
  for (const one of kept) {
    const gone = state.gone[one.key];
    if (gone !== undefined) {
      await remove(owner, one.key);
      said.push(`${one.title}：${gone}`);
    } else if (state.stamps[one.key] !== undefined) {
      await write(owner, { ...one, checkedAt: Date.now(), isChanged: state.stamps[one.key] !== one.stamp });
    }
  }
  return said;
}
