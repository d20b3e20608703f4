/**
 * The room's line: fetches a ticket, opens the socket, beats, notices silence, and comes back by itself with jitter.
 * What it says about itself is one word (`Line`), so that the page can be calm about it.
 */
import { doubled, jittered } from "../lib/backoff";
import { ServerClock } from "../lib/clock";
import { isOnline, onConnection } from "../lib/connection";
import { deviceId } from "../lib/device";
import type { ByeFrame, Command, ErrorFrame, JoinedFrame, ServerFrame } from "../lib/frames";
import { get, HttpError } from "../lib/http";

export type Line = "connecting" | "good" | "weak" | "reconnecting" | "offline" | "full" | "locked" | "closed";

/** Whether frames go to and fro. */
export function isUp(line: Line): boolean {
  return line === "good" || line === "weak";
}
export type ClosedWhy = "removed" | "rights" | "signed_out" | "cancelled" | "left" | "elsewhere";

export interface LineEvents {
  frame(frame: ServerFrame): void;
  refused(frame: ErrorFrame): void;
  line(line: Line, why?: ClosedWhy): void;
  /** The line is back (also the first time), before anything else is heard. */
  joined(frame: JoinedFrame): void;
}

const BEAT_MS = 15_000;
// The server's quietest room speaks every 5 s.
const WEAK_MS = 8_000;
const DEAD_MS = 20_000;
const WATCH_MS = 1_000;
const DEPLOY = 1012;
const FULL = 1013;
const FORBIDDEN = 4403;
const GONE = 4404;
const MALFORMED = 4400;
const ELSEWHERE = 4409;
const LOCKED = 4423;
/** What was pressed without a line still goes out with one that comes so soon; later it would surprise. */
const SOON_MS = 10_000;
// 95 of 100 within eight seconds; who finds no server yet tries on (backoff).
const DEPLOY_SPREAD_MS = 8_000;
/** Of a meeting: a host lets people in; no seat is left. */
const LOBBY = 4425;
const SEATS = 4429;
const REFUSALS = 3;

function broken(): Line {
  return isOnline() ? "reconnecting" : "offline";
}

/** To come back: after so long, or as `backoff` says; and what is said meanwhile, if it is not the network's state. */
export interface Return {
  line?: Line;
  waitMs?: number;
}

/**
 * What a closed socket means: to stay away, and why, or to come back. `refusals`: how often in a row the server did not
 * take our ticket.
 */
export function afterClose(code: number, bye: ByeFrame | null, refusals: number): ClosedWhy | Return {
  const reason = bye?.reason;
  if (reason === "removed" || reason === "left") return reason;
  if (code === ELSEWHERE || reason === "elsewhere") return "elsewhere";
  if (code === GONE || reason === "cancelled") return "cancelled";
  if (code === FORBIDDEN && reason === "rights" && bye?.after_ms === null) return "rights";
  if (code === FORBIDDEN && refusals > REFUSALS) return "rights";
  if (code === DEPLOY) return { line: "reconnecting", waitMs: Math.random() * DEPLOY_SPREAD_MS };
  if (code === FULL) return { line: "full", waitMs: 5000 + Math.random() * 10_000 };
  if (code === LOCKED) return { line: "locked", waitMs: 15_000 + Math.random() * 10_000 };
  if (code === LOBBY) return { line: "locked", waitMs: 2500 + Math.random() * 1500 };
  if (code === SEATS) return { line: "locked", waitMs: 6000 + Math.random() * 4000 };
  if (code === MALFORMED) return { line: "reconnecting", waitMs: 5000 };
  return {};
}

/**
 * The first try soon, for most breaks are short; every two or three seconds for as long as a server takes to start
 * again; then wider, so that a room does not come back in one moment.
 */
export function backoff(tries: number): number {
  const doublings = Math.min(tries - 1, 3) + Math.max(0, tries - 7);
  return jittered(doubled(Math.min(doublings, 7), { first: 300, longest: 20_000 }));
}

export class RoomLine {
  /** Why one stands before the door of a room that is "locked". */
  door: "locked" | "lobby" | "no_seat" = "locked";
  private socket: WebSocket | null = null;
  private line: Line = "connecting";
  private tries = 0;
  private refusals = 0;
  private heardAt = 0;
  private timer = 0;
  private stopped = false;
  private opening = false;
  private bye: ByeFrame | null = null;
  private waiting: { command: Command; until: number; late: () => void }[] = [];
  private readonly clock = new ServerClock();

  constructor(
    private readonly urls: { ticket: string; socket: string },
    private readonly events: LineEvents,
  ) {}

  start(): void {
    window.setInterval(() => this.watch(), WATCH_MS);
    window.setInterval(() => this.send({ t: "beat" }), BEAT_MS);
    onConnection((online) => (online ? this.again(0) : this.lost("offline")));
    window.addEventListener("pagehide", () => this.socket?.close(1000));
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) this.again(0);
    });
    void this.open();
  }

  /** Returns whether it went out; what must not be lost waits for `joined`. */
  send(command: Command): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(command));
    return true;
  }

  /** Goes out now, or with a line that comes soon, as on a page just loaded; else `late` is called, and it never does. */
  sendSoon(command: Command, late: () => void): void {
    if (!this.send(command)) this.waiting.push({ command, until: performance.now() + SOON_MS, late });
  }

  /** The server's clock as far as this phone knows it: Unix milliseconds, 0 before the first frame. */
  serverNow(): number {
    return this.clock.now();
  }

  /** When the server was last heard, on its own clock. */
  lastHeard(): number {
    return this.clock.at(this.heardAt);
  }

  private say(line: Line, why?: ClosedWhy): void {
    if (line !== this.line || why) {
      this.line = line;
      this.events.line(line, why);
    }
  }

  private async open(): Promise<void> {
    if (this.stopped || this.opening || this.socket) return;
    this.opening = true;
    try {
      const device = deviceId();
      const { ticket } = await get<{ ticket: string }>(`${this.urls.ticket}?device=${device}`, { retries: 0 });
      this.connect(ticket);
    } catch (error) {
      this.ticketRefused(error);
    } finally {
      this.opening = false;
    }
  }

  private ticketRefused(error: unknown): void {
    const status = error instanceof HttpError ? error.status : 0;
    if (status === 401) this.stop("signed_out");
    else if (status === 404) this.stop("rights");
    else this.lost(broken());
  }

  private connect(ticket: string): void {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}${this.urls.socket}?ticket=${encodeURIComponent(ticket)}`);
    this.socket = socket;
    this.bye = null;
    this.heardAt = performance.now();
    socket.onmessage = (message) => {
      if (this.socket === socket) this.heard(String(message.data));
    };
    socket.onclose = (event) => {
      if (this.socket === socket) this.closed(event.code);
    };
  }

  private heard(text: string): void {
    this.heardAt = performance.now();
    let frame: ServerFrame | ErrorFrame;
    try {
      frame = JSON.parse(text);
    } catch {
      return;
    }
    if ("error" in frame) {
      this.events.refused(frame);
      return;
    }
    if (frame.t === "joined") {
      this.clock.set(frame.at, this.heardAt);
      this.tries = 0;
      this.refusals = 0;
      this.events.joined(frame);
      for (const { command } of this.waiting.splice(0)) this.send(command);
    } else if (frame.t === "bye") {
      this.bye = frame;
    } else {
      this.events.frame(frame);
    }
    if (!this.stopped) this.say("good");
  }

  private closed(code: number): void {
    this.socket = null;
    if (this.stopped) return;
    if (code === FORBIDDEN) this.refusals += 1;
    this.door = code === LOBBY ? "lobby" : code === SEATS ? "no_seat" : "locked";
    const next = afterClose(code, this.bye, this.refusals);
    if (typeof next === "string") this.stop(next);
    else this.lost(next.line ?? broken(), next.waitMs);
  }

  /** The line is not to come back, and the page says why. */
  stop(why: ClosedWhy): void {
    this.stopped = true;
    window.clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = null;
    socket?.close(1000);
    this.say("closed", why);
  }

  private lost(line: Line, waitMs?: number): void {
    if (this.stopped) return;
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    this.say(line);
    this.tries += 1;
    this.again(waitMs ?? backoff(this.tries));
  }

  private again(waitMs: number): void {
    window.clearTimeout(this.timer);
    if (!this.stopped) this.timer = window.setTimeout(() => void this.open(), waitMs);
  }

  private watch(): void {
    while ((this.waiting[0]?.until ?? Infinity) < performance.now()) this.waiting.shift()?.late();
    if (!this.socket) return;
    const silent = performance.now() - this.heardAt;
    if (silent > DEAD_MS) this.lost(broken());
    else if (silent > WEAK_MS && this.line === "good") this.say("weak");
  }
}
