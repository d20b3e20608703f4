/** What comes in: one connection with everybody's sound and the pictures that were asked for, each under its person. */
import { doubled } from "../lib/backoff";
import type { Command } from "../lib/frames";
import { canReceive, Receiver } from "../room/receiver";

export interface HearingEvents {
  send(command: Command): boolean;
  /** Other pictures came in, or the browser lets nothing play before a tap. */
  changed(): void;
}

const AGAIN = { first: 1000, longest: 8000 };
const HEARD = 0.01;

export class Hearing {
  /** The browser lets no sound play before a tap. */
  isBlocked = false;
  /** There is no connection, and one is tried. */
  isOff = true;
  readonly pictures = new Map<number, MediaStreamTrack>();
  readonly heard = new Map<number, number>();
  private isWanted = false;
  private tries = 0;
  private timer = 0;
  private whose = new Map<string, number>();
  private readonly voices = new Map<number, HTMLAudioElement>();
  private readonly receiver: Receiver;

  constructor(private readonly events: HearingEvents) {
    this.receiver = new Receiver({
      send: events.send,
      stream: () => undefined,
      isMuted: () => false,
      failed: () => this.later(),
      lost: () => this.later(),
    });
  }

  static can(): boolean {
    return canReceive();
  }

  /** The socket is open, or the meeting has begun. */
  start(): void {
    this.isWanted = true;
    if (!Hearing.can() || this.receiver.resume()) return;
    this.receiver.close();
    this.events.send({ t: "watch", via: "auto" });
  }

  stop(): void {
    this.isWanted = false;
    window.clearTimeout(this.timer);
    this.close();
  }

  chosen(via: string, relays: RTCIceServer[]): void {
    this.receiver.relays = relays;
    if (via !== "webrtc" && this.isWanted) this.later();
  }

  faces(mids: string[], members: number[]): void {
    this.whose = new Map(mids.map((mid, place) => [mid, members[place] ?? 0]));
  }

  async offered(sdp: string): Promise<void> {
    await this.receiver.offered(sdp, () => false);
    this.sort();
  }

  held(key: string): void {
    this.receiver.key = key;
  }

  link(state: string): void {
    if (state === "connected") {
      this.tries = 0;
      this.isOff = false;
      this.events.changed();
    } else if (state === "resumed") this.isOff = false;
    else if (state === "hung_up" || state === "gone" || state === "replaced") this.later();
  }

  /** It was tried, and did not come about. */
  isTroubled(): boolean {
    return this.isOff && this.tries > 0;
  }

  /** After a tap. */
  play(): void {
    this.isBlocked = false;
    for (const voice of Array.from(this.voices.values())) this.begin(voice);
    this.events.changed();
  }

  /** Its connection is up, whatever became of the socket. */
  flows(): boolean {
    return this.receiver.pc?.connectionState === "connected";
  }

  /** Who is heard now; remembered with the moment. */
  listen(now: number): number[] {
    const speaking: number[] = [];
    for (const { mid, receiver } of this.receiver.pc?.getTransceivers() ?? []) {
      const member = this.whose.get(mid ?? "");
      if (!member || receiver.track.kind !== "audio" || !receiver.getSynchronizationSources) continue;
      if (receiver.getSynchronizationSources().some((one) => (one.audioLevel ?? 0) > HEARD)) {
        speaking.push(member);
        this.heard.set(member, now);
      }
    }
    return speaking;
  }

  private sort(): void {
    this.pictures.clear();
    const heard = new Set<number>();
    for (const { mid, receiver, currentDirection } of this.receiver.pc?.getTransceivers() ?? []) {
      const member = this.whose.get(mid ?? "");
      if (!member || currentDirection !== "recvonly") continue;
      if (receiver.track.kind === "video") this.pictures.set(member, receiver.track);
      else {
        heard.add(member);
        this.voice(member, receiver.track);
      }
    }
    for (const [member, voice] of Array.from(this.voices)) {
      if (heard.has(member)) continue;
      voice.srcObject = null;
      this.voices.delete(member);
    }
    this.events.changed();
  }

  private voice(member: number, track: MediaStreamTrack): void {
    const voice = this.voices.get(member) ?? new Audio();
    const now = voice.srcObject as MediaStream | null;
    this.voices.set(member, voice);
    if (now?.getTracks()[0] === track) return;
    voice.srcObject = new MediaStream([track]);
    this.begin(voice);
  }

  private begin(voice: HTMLAudioElement): void {
    voice.play().catch((error: unknown) => {
      if (!(error instanceof DOMException) || error.name !== "NotAllowedError") return;
      this.isBlocked = true;
      this.events.changed();
    });
  }

  private close(): void {
    this.receiver.close();
    this.isOff = true;
    this.whose.clear();
    this.sort();
  }

  private later(): void {
    window.clearTimeout(this.timer);
    this.close();
    if (!this.isWanted) return;
    this.timer = window.setTimeout(() => this.start(), doubled(this.tries, AGAIN));
    this.tries += 1;
  }
}
