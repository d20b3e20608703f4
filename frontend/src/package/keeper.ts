/** What a package said last, until the server has acknowledged it: one report at a time, the newest state alone. */

import { doubled, jittered } from "../lib/backoff";
import { HttpError } from "../lib/http";
import type { State } from "../lib/scorm";

export interface Report extends State {
  id: string;
  version: number;
  seen: number;
}

export interface Around {
  send: (report: Report) => Promise<{ revision: number }>;
  /** A copy that outlives the page; null takes it away. */
  store: (report: Report | null) => void;
  /** `stopped`: nothing is kept from here any more, and this is why. */
  said: (word: "saving" | "saved" | "waiting" | "stopped", why: string) => void;
  id: () => string;
  later: (run: () => void, ms: number) => void;
}

export class Keeper {
  private next: State | Report | null = null;
  private sending: Report | null = null;
  private failures = 0;
  private stopped = false;

  constructor(
    private readonly around: Around,
    private readonly version: number,
    private seen: number,
  ) {}

  /** Keep a state; one that waits is overtaken by it. */
  keep(state: State): void {
    if (this.stopped) return;
    this.next = state;
    this.around.store({ ...state, id: "", version: this.version, seen: this.seen });
    this.go();
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
    this.sending = { ...state, id, version: this.version, seen: this.seen };
    this.around.store(this.sending);
    this.around.said("saving", "");
    this.attempt(this.sending);
  }

  private attempt(report: Report): void {
    this.around.send(report).then(
      (answer) => {
        this.seen = answer.revision;
        this.sending = null;
        this.failures = 0;
        if (this.next) {
          this.go();
          return;
        }
        this.around.store(null);
        this.around.said("saved", "");
      },
      (error) => this.failed(report, error),
    );
  }

  private failed(report: Report, error: unknown): void {
    if (error instanceof HttpError && error.lasting) {
      this.stopped = true;
      this.sending = null;
      // Signed out: what was said stays in this browser and goes the next time. Else nobody wants it any more.
      if (error.status !== 401) this.around.store(null);
      this.around.said("stopped", error.message);
      return;
    }
    this.around.said("waiting", "");
    const wait = jittered(doubled(this.failures, { first: 2000, longest: 60_000 }));
    this.failures += 1;
    this.around.later(() => this.attempt(report), wait);
  }
}
