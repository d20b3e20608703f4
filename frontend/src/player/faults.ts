/** It cannot be decoded: each time the next thing that may help. Knows no DOM. */

/**
 * `same`: the same fault once more, or the attempt to mend it has failed at once; `recover`, then another codec for the
 * sound (`swap`), then another rung (`lower`); `refresh`: without hls.js, new addresses once; and then `give_up`.
 */
export type Remedy = "same" | "recover" | "swap" | "lower" | "refresh" | "give_up";

// Problems that lie further apart than this are not one problem.
const FORGOTTEN_MS = 60_000;
// One broken piece is told several times: by the element, by the buffer, by the demuxer.
export const SAME_FAULT_MS = 700;

export class Faults {
  private count = 0;
  private at = 0;

  /** `rungs`: how many qualities hls.js still has, or null where the browser plays by itself. */
  next(now: number, rungs: number | null): Remedy {
    if (now - this.at < SAME_FAULT_MS) return "same";
    if (now - this.at > FORGOTTEN_MS) this.count = 0;
    this.at = now;
    this.count += 1;
    if (rungs === null) return this.count === 1 ? "refresh" : "give_up";
    if (this.count === 1) return "recover";
    if (this.count === 2) return "swap";
    return rungs < 2 ? "give_up" : "lower";
  }

  /** Another source, or another attempt of the person's: what was before does not count. */
  anew(): void {
    this.count = 0;
  }
}
