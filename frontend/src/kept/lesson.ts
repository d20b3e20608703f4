/** One lesson on the phone: its text and pictures, and its sound as one file. */
import { cacheOf } from "../lib/cachename";
import type { Range } from "../player/ranges";
import { forgetSheets, type KeptQuiz } from "./quizzes";

export interface Sound {
  owner: string;
  occasion: number;
  media: string;
  duration_ms: number;
  needed_ms: number | null;
  credited_ms: Range[];
  records: boolean;
  /** From when what is heard counts, ms since 1970; null: never. */
  counts_from: number | null;
  play_url: string;
  report_url: string;
}

/** As the server gives it (courses/saving.py). */
export interface Lesson {
  /** "occasion/lesson" */
  key: string;
  /** Its place in the course, from 1. */
  number: number;
  /** Changes when its text or its sound does. */
  stamp: string;
  title: string;
  course: string;
  /** Who gives the course; lessons that were kept before it was said have none. */
  unit?: string;
  url: string;
  html: string;
  /** The quizzes in it. */
  quizzes: number[];
  audio_url: string;
  sound: Sound;
  /** Those quizzes as they were got for the phone; lessons that were kept before there were any have none. */
  taken?: KeptQuiz[];
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
// As many as the server answers about at once (courses/saving.py).
const MOST_ASKED = 60;
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

/**
 * Keep a lesson; `told` gets the share that has come, 0 to 1. Throws where it does not come or does not fit: then what
 * was kept of it before stays, and nothing else.
 */
export async function keep(
  owner: string,
  lesson: Lesson,
  session: number,
  told: (share: number) => void,
): Promise<Kept> {
  const cache = await window.caches.open(cacheOf(owner));
  const before = await read(owner, lesson.key);
  const earlier = picturesOf(before?.html ?? "");
  const pictures = picturesOf(lesson.html);
  try {
    const kept = await fill(owner, lesson, session, pictures, told);
    for (const url of earlier) if (pictures.indexOf(url) < 0) await cache.delete(url);
    if (!kept.hasSound) await cache.delete(at(lesson.key, "sound"));
    return kept;
  } catch (error) {
    for (const url of pictures) if (earlier.indexOf(url) < 0) await cache.delete(url);
    if (!before?.hasSound) await cache.delete(at(lesson.key, "sound"));
    throw error;
  }
}

async function fill(
  owner: string,
  lesson: Lesson,
  session: number,
  pictures: string[],
  told: (share: number) => void,
): Promise<Kept> {
  const cache = await window.caches.open(cacheOf(owner));
  const parts = lesson.audio_url ? await playlist(lesson.audio_url) : [];
  const all = pictures.length + parts.length;
  let bytes = lesson.html.length + JSON.stringify(lesson.taken ?? []).length;
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
  return found.sort(inOrder);
}

/** By course, and two of one name each by itself. */
export function inOrder(a: Lesson, b: Lesson): number {
  if (a.course !== b.course) return a.course < b.course ? -1 : 1;
  return a.sound.occasion - b.sound.occasion || a.number - b.number;
}

/** The headings above kept lessons, "" where the one before stands under the same; of two of one name the unit, too. */
export function headings(kept: Lesson[]): string[] {
  return kept.map((one, index) => {
    if (kept[index - 1]?.sound.occasion === one.sound.occasion) return "";
    const isTwice = kept.some((other) => other.course === one.course && other.sound.occasion !== one.sound.occasion);
    return isTwice && one.unit ? `${one.course} · ${one.unit}` : one.course;
  });
}

export async function remove(owner: string, key: string): Promise<void> {
  const cache = await window.caches.open(cacheOf(owner));
  const kept = await read(owner, key);
  for (const url of picturesOf(kept?.html ?? "")) await cache.delete(url);
  forgetSheets(owner, kept?.taken ?? [], () => false);
  await cache.delete(at(key, "sound"));
  await cache.delete(at(key, "lesson"));
}

/** Whether what is heard of its sound counts at that moment, ms since 1970. */
export function countsBy(lesson: Lesson, now: number): boolean {
  const { media, counts_from: from } = lesson.sound;
  return Boolean(media) && typeof from === "number" && from <= now;
}

interface State {
  stamps: Record<string, string>;
  gone: Record<string, string>;
}

/**
 * Ask which may stay; those that may not go. `begin` opens the sitting of one kept before its course began: 0 where it
 * still has none. Returns what to say of each that went. Without a network nothing changes.
 */
export async function check(owner: string, kept: Kept[], begin: (one: Kept) => Promise<number>): Promise<string[]> {
  const said: string[] = [];
  for (let from = 0; from < kept.length; from += MOST_ASKED) {
    said.push(...(await checkSome(owner, kept.slice(from, from + MOST_ASKED), begin)));
  }
  return said;
}

async function checkSome(owner: string, kept: Kept[], begin: (one: Kept) => Promise<number>): Promise<string[]> {
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
      const session = one.session || (countsBy(one, Date.now()) ? await begin(one).catch(() => 0) : 0);
      const isChanged = state.stamps[one.key] !== one.stamp;
      const sound = { ...one.sound, records: one.sound.records || session > 0 };
      await write(owner, { ...one, sound, session, checkedAt: Date.now(), isChanged });
    }
  }
  return said;
}
