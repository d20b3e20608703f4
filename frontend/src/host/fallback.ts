/**
 * The picture's way out where the network lets WebRTC through by no way: the browser records, and the recording goes over
 * a socket of its own, in numbered pieces. What the server has not acknowledged is kept and sent again after a lost line;
 * what has waited too long is dropped for a new recording, smaller than the one before. ADR 74, docs/protocol.md.
 */
import { doubled } from "../lib/backoff";
import { randomId } from "../lib/device";
import type { Command } from "../lib/frames";
import { LEVELS, Recorder } from "./recorder";

export interface FallbackEvents {
  send(command: Command): boolean;
  picture(): MediaStreamTrack | null;
  sound(): MediaStreamTrack | null;
  /** The media host has the first picture. */
  seen(): void;
  /** The line is too slow for what was sent: less is sent from now on. */
  slow(): void;
  /** Nothing goes out, and it is tried again by itself. */
  broken(): void;
  /** It is over: another page or device sends ("replaced"), or the server can make nothing of it ("refused"). */
  over(why: "replaced" | "refused"): void;
}

interface Piece {
  run: number;
  number: number;
  message: ArrayBuffer;
  at: number;
}

interface Word {
  t: "ready" | "ack" | "seen" | "over";
  run?: number;
  number?: number;
  why?: string;
}

const HEAD_BYTES = 8;
const MOST_PIECE = 60_000;
const MOST_WAITING = 4 * 2 ** 20;
const MOST_WAITING_MS = 8000;
const MOST_BUFFERED = 2 ** 19;
const PUMP_MS = 250;
const PATIENCE_MS = 10_000;
const AGAIN = { first: 1000, longest: 8000 };

/** A recording's next bytes as pieces, each with its head: the recording's number and its own, as the server reads them. */
export function cut(bytes: ArrayBuffer, run: number, first: number, most = MOST_PIECE): ArrayBuffer[] {
  const pieces: ArrayBuffer[] = [];
  for (let at = 0; at < bytes.byteLength; at += most) {
    const part = new Uint8Array(bytes, at, Math.min(most, bytes.byteLength - at));
    const message = new ArrayBuffer(HEAD_BYTES + part.byteLength);
    const head = new DataView(message);
    head.setUint32(0, run);
    head.setUint32(4, first + pieces.length);
    new Uint8Array(message, HEAD_BYTES).set(part);
    pieces.push(message);
  }
  return pieces;
}

/** What waits for its acknowledgement, in order. Knows no socket. */
export class Waiting {
  private pieces: Piece[] = [];
  private sent = 0;
  bytes = 0;

  add(piece: Piece): void {
    this.pieces.push(piece);
    this.bytes += piece.message.byteLength;
  }

  /** The next one to be sent. */
  next(): ArrayBuffer | null {
    const piece = this.pieces[this.sent];
    if (!piece) return null;
    this.sent += 1;
    return piece.message;
  }

  /** The server has all of this recording before ``number``. */
  acknowledged(run: number, number: number): void {
    while (this.pieces[0] && this.pieces[0].run === run && this.pieces[0].number < number) {
      this.bytes -= this.pieces.shift()?.message.byteLength ?? 0;
      this.sent = Math.max(0, this.sent - 1);
    }
  }

  /** Another line: whether it can go on where the server is. Then all that waits is sent again. */
  goesOn(run: number, number: number): boolean {
    this.acknowledged(run, number);
    this.sent = 0;
    const [first] = this.pieces;
    return first?.run === run && first.number === number;
  }

  /** How long the oldest has waited. */
  age(now: number): number {
    const [first] = this.pieces;
    return first ? now - first.at : 0;
  }

  clear(): void {
    this.pieces = [];
    this.sent = 0;
    this.bytes = 0;
  }
}

export class Fallback {
  private readonly recorder: Recorder;
  private readonly waiting = new Waiting();
  private socket: WebSocket | null = null;
  private isOn = false;
  private key = "";
  private run = 0;
  private number = 0;
  private level = 0;
  private tries = 0;
  private timer = 0;
  private pumping = 0;

  constructor(private readonly events: FallbackEvents) {
    this.recorder = new Recorder({ bytes: (bytes) => this.took(bytes), stopped: () => this.later() });
  }

  isActive(): boolean {
    return this.isOn;
  }

  /** Ask the server to put this page on the air in this way; `ticket` follows, or a refusal. */
  start(): void {
    if (this.isOn) return;
    this.isOn = true;
    this.key = randomId();
    this.run = this.number = this.tries = 0;
    this.waiting.clear();
    this.ask();
  }

  stop(): void {
    this.isOn = false;
    this.recorder.stop();
    this.waiting.clear();
    this.hangUp();
  }

  /** The socket of the room is back, and must know whose turn it is; whoever waited for it goes on at once. */
  back(): void {
    if (this.isOpen()) this.events.send({ t: "fall_back" });
    else if (this.isOn) this.ask();
  }

  /** The server refused to put this page on the air. */
  refused(): void {
    if (this.isOn) this.later();
  }

  ticket({ ticket, url }: { ticket: string; url: string }): void {
    if (!this.isOn || this.isOpen()) return;
    this.hangUp();
    const address = new URL(url, location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    address.search = `?ticket=${encodeURIComponent(ticket)}&key=${this.key}`;
    const socket = new WebSocket(address.href);
    this.socket = socket;
    socket.onmessage = ({ data }) => {
      if (this.socket === socket && typeof data === "string") void this.heard(JSON.parse(data) as Word);
    };
    socket.onclose = () => {
      if (this.socket === socket) this.later();
    };
    this.patient();
    this.pumping = window.setInterval(() => this.pump(), PUMP_MS);
  }

  /** Other devices, or a screen: a recording cannot change its tracks. */
  async changed(): Promise<void> {
    if (this.recorder.isActive()) await this.record();
  }

  private isOpen(): boolean {
    return this.isOn && this.socket?.readyState === WebSocket.OPEN;
  }

  private ask(): void {
    window.clearTimeout(this.timer);
    if (this.events.send({ t: "fall_back" })) this.patient();
    else this.later();
  }

  private patient(): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.later(), PATIENCE_MS);
  }

  /** Nothing goes out: once more in a while. What is recorded meanwhile waits, as long as it may. */
  private later(): void {
    if (!this.isOn) return;
    this.hangUp();
    this.events.broken();
    this.timer = window.setTimeout(() => this.ask(), doubled(this.tries, AGAIN));
    this.tries += 1;
  }

  private hangUp(): void {
    window.clearTimeout(this.timer);
    window.clearInterval(this.pumping);
    const { socket } = this;
    this.socket = null;
    socket?.close(1000);
  }

  private async heard({ t, run = 0, number = 0, why = "" }: Word): Promise<void> {
    if (t === "ready") {
      window.clearTimeout(this.timer);
      const goesOn = this.waiting.goesOn(run, number) || (run === this.run && number === this.number);
      if (!this.recorder.isActive() || this.isStale() || !goesOn) {
        this.run = Math.max(this.run, run);
        await this.record();
      }
      this.pump();
    } else if (t === "ack") {
      this.tries = 0;
      this.waiting.acknowledged(run, number);
      this.pump();
    } else if (t === "seen") {
      this.events.seen();
    } else if (t === "over") this.ended(why);
  }

  private ended(why: string): void {
    if (why === "replaced" || ["not_media", "codec", "too_big"].includes(why)) {
      if (why !== "replaced" && this.recorder.simpler()) {
        this.anew();
        return;
      }
      this.stop();
      this.events.over(why === "replaced" ? "replaced" : "refused");
    } else if (why === "slow" || why === "too_much") {
      this.lower();
    } else {
      // A break, the end, a right that is gone: the room tells this page, which then lets go.
      this.recorder.stop();
      this.waiting.clear();
      this.later();
    }
  }

  private isStale(): boolean {
    return this.waiting.bytes > MOST_WAITING || this.waiting.age(performance.now()) > MOST_WAITING_MS;
  }

  private lower(): void {
    this.level = Math.min(this.level + 1, LEVELS.length - 1);
    this.events.slow();
    this.anew();
  }

  /** What waits is dropped, and a new recording begun on a new line. */
  private anew(): void {
    this.recorder.stop();
    this.waiting.clear();
    this.later();
  }

  private async record(): Promise<void> {
    const picture = this.events.picture();
    this.waiting.clear();
    this.run += 1;
    this.number = 0;
    if (!picture || (await this.recorder.start(picture, this.events.sound(), LEVELS[this.level] ?? LEVELS[0]))) return;
    // Overtaken by a later one, or let go meanwhile.
    if (!this.isOn || this.recorder.isActive()) return;
    if (this.recorder.simpler()) {
      await this.record();
      return;
    }
    this.stop();
    this.events.over("refused");
  }

  private took(bytes: ArrayBuffer): void {
    for (const message of cut(bytes, this.run, this.number)) {
      this.waiting.add({ run: this.run, number: this.number, message, at: performance.now() });
      this.number += 1;
    }
    if (this.isStale()) {
      // Without a line it is not the line's pace: only what is recorded is dropped.
      if (this.isOpen()) this.lower();
      else {
        this.recorder.stop();
        this.waiting.clear();
      }
    } else this.pump();
  }

  private pump(): void {
    const { socket } = this;
    while (socket?.readyState === WebSocket.OPEN && socket.bufferedAmount < MOST_BUFFERED) {
      const message = this.waiting.next();
      if (!message) return;
      socket.send(message);
    }
  }
}
