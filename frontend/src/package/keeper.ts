/** What a package said last, until the server has acknowledged it: one report at a time, the newest state alone. */

import { doubled, jittered } from "../lib/backoff";
import { HttpError } from "../lib/http";
import type { State } from "../lib/scorm";

export interface Report extends State {
  id: string;
  version: number;
  seen: number;
  /** The report that was on its way when this one was stored: where it is the last one kept, this one follows it. */
  after?: string;
}

export interface Around {
  /** `note`: what to say with it. */
  send: (report: Report) => Promise<{ revision: number; note?: string }>;
  /** A copy that outlives the page; null takes it away. */
  store: (report: Report | null) => void;
  /** `why` instead of the word's own sentence. `stopped`: nothing is kept from here any more, and this is why. */
  said: (word: "saving" | "saved" | "waiting" | "stopped", why: string) => void;
  id: () => string;
  later: (run: () => void, ms: number) => void;
}

export class Keeper {
  private next: State | Report | null = null;
  private sending: Report | null = null;
  private failures = 0;
  private stopped = false;
  /** What was too large to remember, from this length on, and why; all else is kept. */
  private longest = Number.POSITIVE_INFINITY;
  private tooLarge = "";
  /** Which wait for another try is on; 0: none. */
  private waiting = 0;
  private tries = 0;

  /** `remembered`: what the server has of `suspend`. `gone`: what to say where the address is no longer there. */
  constructor(
    private readonly around: Around,
    private readonly version: number,
    private seen: number,
    private remembered = "",
    private readonly gone = "",
  ) {}

  /** Keep a state; one that waits is overtaken by it. */
  keep(state: State): void {
    if (this.stopped) return;
    this.next = state;
    const after = this.sending?.id ?? "";
    this.around.store({ ...state, id: "", version: this.version, seen: this.seen, after });
    this.go();
  }

  /** The line is back: what waits goes now. */
  again(): void {
    const report = this.sending;
    if (!report || !this.waiting) return;
    this.failures = 0;
    this.attempt(report);
  }

  /** Send what an earlier page could not, by the id that it had: perhaps it has arrived. */
  resend(report: Report): void {
    this.next = report;
    this.go();
  }

  private go(): void {
    if (this.sending || !this.next) return;
    const state = this.next;
    this.next = null;
    const id = ("id" in state && state.id) || this.around.id();
    this.sending = this.fitting({ ...state, id, version: this.version, seen: this.seen });
    this.around.store(this.sending);
    this.around.said("saving", "");
    this.attempt(this.sending);
  }

  /** The report with what was remembered last, where what is to be remembered is known to be too much. */
  private fitting(report: Report): Report {
    if (report.suspend.length < this.longest) {
      this.tooLarge = "";
      return report;
    }
    return { ...report, suspend: this.remembered };
  }

  private attempt(report: Report): void {
    this.waiting = 0;
    this.around.send(report).then(
      (answer) => {
        this.seen = answer.revision;
        this.remembered = report.suspend;
        this.sending = null;
        this.failures = 0;
        if (this.next) {
          this.go();
          return;
        }
        this.around.store(null);
        this.around.said("saved", this.tooLarge || answer.note || "");
      },
      (error) => this.failed(report, error),
    );
  }

  private failed(report: Report, error: unknown): void {
    const isLarge = error instanceof HttpError && (error.code === "large" || error.status === 413);
    if (isLarge && report.suspend.length > this.remembered.length) {
      this.longest = report.suspend.length;
      this.tooLarge = (error as HttpError).message;
      this.sending = { ...this.fitting(report), id: this.around.id() };
      this.around.store(this.sending);
      this.attempt(this.sending);
      return;
    }
    if (error instanceof HttpError && error.lasting) {
      this.stopped = true;
      this.sending = null;
      // Signed out, or an old page after the site was upgraded: what was said stays in this browser and goes from the
      // next page. Only who understood it and wants it no more has it thrown away.
      if (error.status === 400 || error.status === 409 || error.status === 413) this.around.store(null);
      const isGone = error.status === 404 || error.status === 405 || error.status === 410;
      this.around.said("stopped", (isGone && this.gone) || error.message);
      return;
    }
    // A server that answers says itself why it must wait; only without an answer it is the line.
    const answered = error instanceof HttpError && error.status > 0 ? error : null;
    this.around.said("waiting", answered?.message ?? "");
    const wait = jittered(doubled(this.failures, { first: 2000, longest: 60_000 }));
    this.failures += 1;
    this.tries += 1;
    const mine = this.tries;
    this.waiting = mine;
    this.around.later(
      () => {
        if (this.waiting === mine) this.attempt(report);
      },
      Math.max(wait, answered?.retryAfterMs ?? 0),
    );
  }
}
