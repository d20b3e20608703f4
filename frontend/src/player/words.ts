/** The island's sentences come translated from the server; here they are filled in. */

export type Words = Record<string, string>;

export function fill(words: Words, key: string, values: Record<string, string | number> = {}): string {
  return (words[key] ?? "").replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

function two(n: number): string {
  return n < 10 ? `0${n}` : String(n);
}

/** 14:20, or 1:05:09 from an hour on. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const hours = Math.floor(seconds / 3600);
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}

/** A length of time as every page says it: 49 秒, 4 分 05 秒, 48 分钟; cut to whole seconds. */
export function spoken(words: Words, ms: number): string {
  const all = Math.max(0, Math.floor(ms / 1000));
  const m = Math.floor(all / 60);
  const s = all % 60;
  if (!m) return fill(words, "seconds", { s });
  return s ? fill(words, "minutes_seconds", { m, s: two(s) }) : fill(words, "minutes", { m });
}
