/** Times as people read them, and the server's clock as this page knows it. */
import type { PlayerWords } from "./sentences";
import { fill } from "./words";

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

/** A length of time as every page says it: 49 秒, 4 分 05 秒, 48 分钟; cut to whole seconds. */
export function spoken(words: Pick<PlayerWords, "seconds" | "minutes" | "minutes_seconds">, ms: number): string {
  const all = Math.max(0, Math.floor(ms / 1000));
  const m = Math.floor(all / 60);
  const s = all % 60;
  if (!m) return fill(words, "seconds", { s });
  return s ? fill(words, "minutes_seconds", { m, s: two(s) }) : fill(words, "minutes", { m });
}

/** Unix milliseconds by the server's clock: a phone's own may be minutes off. */
export class ServerClock {
  private readAt = performance.now();

  constructor(private ms = 0) {}

  set(ms: number, readAt = performance.now()): void {
    this.ms = ms;
    this.readAt = readAt;
  }

  /** What the server's clock showed at that moment of `performance.now()`; 0 while nothing is known of it. */
  at(moment: number): number {
    return this.ms ? this.ms + moment - this.readAt : 0;
  }

  now(): number {
    return this.at(performance.now());
  }
}
