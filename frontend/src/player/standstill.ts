/** Some browsers say nothing: what should play and does not has its time. Knows no DOM. */

export interface Look {
  /** Media time, in seconds. */
  time: number;
  /** Nothing should move: paused, ended, not begun, or the line is away. */
  isIdle: boolean;
  /** The film has a picture, and not one of its frames was drawn. */
  isBlack: boolean;
  /** It cannot be the line: enough lies ready, or the element tells an error. */
  isReady: boolean;
}

// Enough lies ready, and nothing moves; nothing comes at all; sound goes on, and not one picture was drawn.
const STUCK_MS = 10_000;
const NOTHING_MS = 30_000;
const BLACK_MS = 8000;

export class Standstill {
  private time = -1;
  private stillMs = 0;
  private blackMs = 0;

  /** A look after `everyMs`. `fault`: it cannot be played; `nothing`: nothing has come for long. */
  look({ time, isIdle, isBlack, isReady }: Look, everyMs: number): "fault" | "nothing" | "" {
    const moves = time !== this.time;
    this.time = time;
    this.stillMs = moves || isIdle ? 0 : this.stillMs + everyMs;
    this.blackMs = moves && !isIdle && isBlack ? this.blackMs + everyMs : 0;
    if (this.blackMs > BLACK_MS || (this.stillMs > STUCK_MS && isReady)) {
      this.stillMs = this.blackMs = 0;
      return "fault";
    }
    if (this.stillMs <= NOTHING_MS) return "";
    this.stillMs = 0;
    return "nothing";
  }
}
