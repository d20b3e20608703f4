/**
 * The phone's side of honest watch time: a session for this sitting, and reports of what was played that are neither
 * lost nor counted twice. One report grows under the same id until the server has acknowledged it; what the server did
 * not credit then (it credits no more than clock time allows) goes with the next.
 */
import { isOnline } from "../lib/connection";
import { deviceId, randomId } from "../lib/device";
import { HttpError, send } from "../lib/http";
import { Outbox } from "../lib/outbox";
import type { PlayerData } from "./page";
import { length, minus, type Range, union } from "./ranges";

interface WatchState {
  session_id: number;
  position_ms: number;
  credited_ms: Range[];
  state: string;
  message?: string;
  is_withdrawn?: boolean;
}

interface ReportBody extends Record<string, unknown> {
  session: number;
  ranges_ms: Range[];
  rate: number;
  position_ms: number;
}

export type Keeping = "idle" | "saving" | "saved" | "offline" | "retrying" | "signed_out" | "refused";

const SESSION_RETRY_MS = 5000;
const LATE_MS = 20_000;
// Spans shorter than this are the rounding between two clocks, not something that somebody missed; in a short film,
// what is shorter than this share of it. What reaches the film's end is never too short: nothing will make it longer.
const CRUMB_MS = 1000;
const CRUMB_SHARE = 0.02;
// What the server will not credit after that many tries, it will not credit.
const LEFTOVER_TRIES = 8;
const LEFTOVER_EVERY_MS = 20_000;

export class WatchLedger {
  credited: Range[];
  keeping: Keeping = "idle";
  refusal = "";
  /** What the server says about what it has kept, in words; usually nothing. */
  notice = "";
  /** What plays here has been taken out of the course: nothing more counts. `notice` says so. */
  isWithdrawn = false;
  private readonly crumb: number;
  private session = 0;
  private asking: Promise<void> | null = null;
  private askedAt = 0;
  private sentId = "";
  private sentRanges: Range[] = [];
  private unsentSince = 0;
  private leftoverTries = 0;
  private lastReportAt = 0;
  private reportedMs = 0;
  private left = false;
  private readonly outbox: Outbox;

  constructor(
    private readonly data: PlayerData,
    private readonly seen: () => Range[],
    private readonly place: () => { rate: number; position: number },
    private readonly changed: () => void,
  ) {
    this.credited = union(data.credited_ms);
    this.session = data.session ?? 0;
    this.crumb = data.duration_ms ? Math.min(CRUMB_MS, data.duration_ms * CRUMB_SHARE) : CRUMB_MS;
    this.outbox = new Outbox({
      owner: data.owner,
      onAcknowledged: (entry, answer) => this.acknowledged(entry.id, entry.body, answer as WatchState),
      onRefused: (entry, error) => {
        if (entry.id === this.sentId) this.refused(error);
      },
      onSignedOut: (error) => {
        this.refusal = error.message;
        this.keeping = "signed_out";
        this.changed();
      },
    });
  }

  /** Played and not yet credited. */
  owed(): Range[] {
    const inside: Range[] = [[0, this.data.duration_ms || Number.MAX_SAFE_INTEGER]];
    const known = minus(this.seen(), this.credited);
    return minus(known, minus([[0, Number.MAX_SAFE_INTEGER]], inside)).filter(
      (span) => span[1] - span[0] >= this.crumb || this.isTail(span),
    );
  }

  private isTail([, to]: Range): boolean {
    return this.data.duration_ms > 0 && to >= this.data.duration_ms - this.crumb;
  }

  /** Open a session; resolves with where another device left off, or -1. Repeats are answered by the first one. */
  async open(): Promise<number> {
    if (!this.data.records || this.session) return -1;
    let elsewhere = -1;
    this.asking ??= this.ask().then((position) => {
      elsewhere = position;
    });
    await this.asking;
    return elsewhere;
  }

  private async ask(): Promise<number> {
    this.askedAt = Date.now();
    try {
      const body = { device: deviceId(), media: this.data.media };
      const state = await send<WatchState>(this.data.play_url, body, { retries: 2 });
      this.session = state.session_id;
      this.take(state);
      return state.position_ms;
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.asking = null;
      this.refused(error);
      return -1;
    }
  }

  /** Say what was played since. Called every few seconds, and at each pause, hiding and end. */
  report(): void {
    if (!this.data.records || this.left || this.isWithdrawn) return;
    if (!this.session) {
      if (!this.asking && Date.now() - this.askedAt > SESSION_RETRY_MS && this.seen().length) void this.open();
      return;
    }
    const body = this.body();
    if (!body) return;
    this.unsentSince = this.unsentSince || Date.now();
    this.lastReportAt = Date.now();
    this.sentId = this.sentId || randomId();
    this.sentRanges = body.ranges_ms;
    this.outbox.add(this.data.report_url, body, this.sentId);
    this.settle();
  }

  /**
   * The page is going: everything owed in one report that takes the place of the one on its way. What that one did not
   * say comes first, for the server cuts from the end: had it arrived, nothing is lost; had it not, neither.
   */
  leave(): void {
    const body = this.session && this.data.records && !this.isWithdrawn ? this.body(true) : null;
    this.left = true;
    if (!body) return;
    const later = minus(body.ranges_ms, this.sentRanges);
    const ranges = later.concat(minus(body.ranges_ms, later));
    if (this.sentId) this.outbox.forget(this.sentId);
    this.sentId = randomId();
    this.sentRanges = body.ranges_ms;
    this.outbox.addLast(this.data.report_url, { ...body, ranges_ms: ranges }, this.sentId);
  }

  /** The page was only put aside, and is shown again. */
  back(): void {
    this.left = false;
  }

  /** The person tries once more what had been withdrawn: it may be back. */
  again(): void {
    if (!this.isWithdrawn) return;
    this.isWithdrawn = false;
    this.session = 0;
    this.asking = null;
    this.askedAt = 0;
    this.notice = "";
    this.keeping = "idle";
    this.settle();
  }

  /** Say something that is told once, and is not lost with the line: that this browser cannot decode the video. */
  tell(url: string): void {
    if (url) this.outbox.add(url, {}, `${this.data.media}-fault`);
  }

  /** Bring `keeping` up to date. */
  settle(): void {
    if (this.keeping === "signed_out" || this.keeping === "refused") return;
    // Whatever else of this person waits on the phone is not saved either: an earlier sitting's, another film's.
    const waits = this.sentId !== "" || this.outbox.waiting() > 0;
    if (!waits) this.keeping = this.session && length(this.credited) ? "saved" : "idle";
    else if (!isOnline()) this.keeping = "offline";
    else this.keeping = this.sentId && Date.now() - this.unsentSince > LATE_MS ? "retrying" : "saving";
    this.changed();
  }

  /** `isLast`: the page is going, and waits for nothing: a report may have grown after the server read it. */
  private body(isLast = false): ReportBody | null {
    const owed = this.owed();
    const grown = length(this.seen()) - this.reportedMs;
    const fresh = grown >= this.crumb || (grown > 0 && owed.some((span) => this.isTail(span)));
    if (!owed.length) return null;
    if (!fresh && !this.sentId) {
      // Nothing new, only what the server has not credited yet: the clock may allow it by now.
      const isEarly = !isLast && Date.now() - this.lastReportAt < LEFTOVER_EVERY_MS;
      if (this.leftoverTries >= LEFTOVER_TRIES || isEarly) return null;
      this.leftoverTries += 1;
    }
    if (fresh) this.leftoverTries = 0;
    const { rate, position } = this.place();
    this.reportedMs = length(this.seen());
    return { session: this.session, ranges_ms: owed, rate, position_ms: Math.floor(position) };
  }

  private acknowledged(id: string, body: Record<string, unknown>, state: WatchState): void {
    if (id === this.sentId) {
      this.sentId = "";
      this.sentRanges = [];
      this.unsentSince = 0;
    }
    // An older sitting's report, kept while the phone was offline, may be about another video.
    if (body.session === this.session) this.take(state);
    this.settle();
  }

  private take(state: WatchState): void {
    this.credited = union(this.credited, state.credited_ms);
    this.notice = state.message ?? "";
    this.isWithdrawn = state.is_withdrawn ?? false;
    this.keeping = "idle";
    this.settle();
  }

  private refused(error: HttpError): void {
    this.refusal = error.message;
    if (error.code === "withdrawn") {
      this.isWithdrawn = true;
      this.notice = error.message;
      this.keeping = "idle";
    } else if (error.status === 401) this.keeping = "signed_out";
    else if (error.lasting) this.keeping = "refused";
    else this.keeping = isOnline() ? "retrying" : "offline";
    this.sentId = "";
    this.sentRanges = [];
    this.changed();
  }
}
