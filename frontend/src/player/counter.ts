/**
 * What was really played. Fed with samples of a playing element, it keeps the spans in which media time advanced with
 * the clock: a jump (seek), a standstill (stall, pause) and a hidden page without sound add nothing. Knows no DOM.
 */
import { type Range, union } from "./ranges";

export interface Sample {
  /** Monotonic clock, ms. */
  now: number;
  /** Media time, ms. */
  position: number;
  rate: number;
  /** The page is hidden or locked. */
  hidden: boolean;
  audible: boolean;
}

// Media time is read in steps of a quarter second, and clocks are not exact: a little more than the clock is no seek.
const SLACK_MS = 350;
const SLACK_SHARE = 1.1;
// A timer asleep for longer (a frozen tab) proves nothing about the time between.
const LONGEST_STEP_MS = 90_000;

export class Counter {
  /** Played, and to be counted. */
  seen: Range[] = [];
  /** Played while hidden without sound: not counted, kept to say why. */
  silent: Range[] = [];
  private last: Sample | null = null;

  /** A sample while playing. Returns the ms added to `seen`. */
  sample(now: Sample): number {
    const last = this.last;
    this.last = now;
    if (!last) return 0;
    const clock = now.now - last.now;
    const media = now.position - last.position;
    if (media <= 0 || clock <= 0 || clock > LONGEST_STEP_MS) return 0;
    if (media > clock * Math.max(last.rate, now.rate) * SLACK_SHARE + SLACK_MS) return 0;
    const span: Range = [Math.floor(last.position), Math.floor(now.position)];
    if ((last.hidden || now.hidden) && !(last.audible && now.audible)) {
      this.silent = union(this.silent, [span]);
      return 0;
    }
    this.seen = union(this.seen, [span]);
    return media;
  }

  /** Playing was interrupted (pause, seek, stall): the next sample begins anew. */
  cut(): void {
    this.last = null;
  }
}
