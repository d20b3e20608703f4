/** On the air: the picture goes out while the lecture is live, and whatever breaks is begun again with growing pauses. */
import { doubled } from "../lib/backoff";
import type { Command, ErrorFrame, FallbackFrame } from "../lib/frames";
import { canSend } from "../lib/peer";
import type { HostWords } from "../lib/sentences";
import { Fallback } from "./fallback";
import { Publisher } from "./publisher";
import { canRecord } from "./recorder";

/** How the picture goes out: by WebRTC, or by the fallback. */
export type Way = "direct" | "fallback";

export interface AirEvents {
  send(command: Command): boolean;
  /** A word on the picture's way; "" when there is nothing to say. */
  say(word: keyof HostWords | ""): void;
  isLive(): boolean;
  /** Whether this page is the one that sends, as far as it knows; the server decides. */
  isPresenter(): boolean;
  /** What is to go out; null: the devices are not open. */
  stream(): MediaStream | null;
  picture(): MediaStreamTrack | null;
  /** The picture has been asked to go out, for the first time since it last did: it takes its time. */
  begins(): void;
  /** Somebody else's picture took the place of ours: what the server says now tells whose. */
  replaced(): void;
  /** The picture goes out in another way, by itself or because the person chose it. */
  way?(way: Way, byItself: boolean): void;
}

const FAILURES = 2;
const AGAIN = { first: 1000, longest: 8000 };

export class Air {
  private tries = 0;
  /** An offer went out and nothing has come of it yet; a further one gets no further time. */
  private isAsked = false;
  private timer = 0;
  /** How often in a row the network let nothing through. */
  private failures = 0;
  /** The server could make nothing of what this browser records. */
  private isUnreadable = false;
  private readonly publisher: Publisher;
  private readonly fallback: Fallback;

  constructor(
    private readonly events: AirEvents,
    private way: Way = "direct",
  ) {
    this.publisher = new Publisher({
      send: (command) => events.send(command),
      connected: () => {
        this.tries = this.failures = 0;
        this.isAsked = false;
        this.fallback.stop();
        this.turn("direct", false);
        events.say("sending");
      },
      failed: () => this.failed(),
      lost: () => this.link("lost"),
    });
    this.fallback = new Fallback({
      send: (command) => events.send(command),
      picture: () => events.picture(),
      sound: () => events.stream()?.getAudioTracks()[0] ?? null,
      seen: () => {
        this.isAsked = false;
        if (!this.publisher.isActive()) events.say("sending");
      },
      slow: () => events.say("fallback_slow"),
      broken: () => events.say("hung_up"),
      over: (why) => this.fallbackOver(why),
    });
  }

  isActive(): boolean {
    return this.publisher.isActive() || this.fallback.isActive();
  }

  /** The person wants the picture to go out so. By WebRTC it is tried beside the fallback, which goes on meanwhile. */
  choose(way: Way): void {
    this.failures = 0;
    this.isUnreadable = false;
    if (way === "direct" && this.fallback.isActive() && this.events.isLive()) {
      const stream = this.events.stream();
      this.events.say(stream && canSend() ? "direct_trying" : "direct_failed");
      if (stream && canSend()) void this.publisher.start(stream, this.events.picture());
      return;
    }
    this.turn(way, false);
    if (way === "fallback") this.publisher.stop();
    void this.publish();
  }

  /** The server lets this page send by the fallback. */
  ticket(frame: FallbackFrame): void {
    this.fallback.ticket(frame);
  }

  /** Relays of this page's socket; they go into the next connection. */
  relays(servers: RTCIceServer[]): void {
    this.publisher.relays = servers;
  }

  async publish(): Promise<void> {
    window.clearTimeout(this.timer);
    const stream = this.events.stream();
    if (!stream || !this.events.isLive() || !this.events.isPresenter()) return;
    if (this.way === "direct" && !canSend() && canRecord()) this.turn("fallback", true);
    if (this.way === "fallback") {
      this.sendFallback();
      return;
    }
    this.events.say("publishing");
    await this.publisher.start(stream, this.events.picture());
    if (!this.publisher.isActive()) this.later();
    else this.asked();
  }

  /** The socket is back: go on with the connection that is there, or put the picture on the air. */
  async back(): Promise<void> {
    if (!this.events.isPresenter()) return;
    if (this.fallback.isActive()) {
      this.fallback.back();
      return;
    }
    const { key } = this.publisher;
    if (!this.publisher.canResume() || !this.events.send({ t: "reclaim", pc: "pub", key })) await this.publish();
  }

  /** The server keeps our connection under this key. */
  held(key: string): void {
    this.publisher.key = key;
  }

  /** It was replaced, and the server still calls this page the one that sends: try again, if nothing else has. */
  again(): void {
    if (this.events.isLive() && this.events.isPresenter() && !this.isActive()) this.later();
  }

  stop(): void {
    window.clearTimeout(this.timer);
    this.isAsked = false;
    this.publisher.stop();
    this.fallback.stop();
  }

  /** Other devices: into the connection that is up, or into a new one. */
  async opened(stream: MediaStream): Promise<void> {
    await this.fallback.changed();
    if (this.publisher.isActive()) {
      await this.publisher.replaceSound(stream.getAudioTracks()[0] ?? null);
      await this.publisher.replacePicture(this.events.picture());
    } else {
      void this.publish();
    }
  }

  async changed(picture: MediaStreamTrack | null, sound: MediaStreamTrack | null): Promise<void> {
    await this.fallback.changed();
    await this.publisher.replacePicture(picture);
    await this.publisher.replaceSound(sound);
  }

  answered(sdp: string): void {
    void this.publisher.answered(sdp);
  }

  /** What the engine or the browser says of the connection. Not of one that the end has closed. */
  link(state: string): void {
    if (!this.events.isLive()) return;
    // Tried beside the fallback: what becomes of it is no news of the picture.
    if (this.fallback.isActive()) return;
    if (state === "slow") this.events.say("slow");
    else if (state === "flowing") this.events.say("sending");
    else if (state === "lost") this.events.say("hung_up");
    else if (state === "resumed") this.publisher.resumed();
    else if (state === "gone") {
      this.events.say("no_engine");
      this.later();
    } else if (state === "replaced") {
      this.stop();
      this.events.say("replaced");
      this.events.replaced();
    } else if (state === "hung_up") {
      this.events.say("hung_up");
      this.later();
    }
  }

  /** The server refused our offer. After the end there is no picture to speak of. */
  refused({ error, t }: ErrorFrame): void {
    if (!this.events.isLive()) return;
    if (this.fallback.isActive()) {
      if (t === "fall_back") this.fallback.refused();
      else this.failed();
      return;
    }
    this.events.say(error === "engine_unreachable" || error === "no_such_room" ? "no_engine" : "hung_up");
    this.later();
  }

  private asked(): void {
    if (this.isAsked) return;
    this.isAsked = true;
    this.events.begins();
  }

  private turn(way: Way, byItself: boolean): void {
    if (way === this.way) return;
    this.way = way;
    this.events.way?.(way, byItself);
  }

  private sendFallback(): void {
    if (this.fallback.isActive()) return;
    this.events.say("fallback_asking");
    this.fallback.start();
    this.asked();
  }

  /** WebRTC came to nothing. Twice in a row, and the network lets none through. */
  private failed(): void {
    if (!this.events.isLive()) return;
    if (this.fallback.isActive()) {
      this.publisher.stop();
      this.events.say("direct_failed");
      return;
    }
    this.failures += 1;
    if (this.failures >= FAILURES && canRecord() && !this.isUnreadable) {
      this.turn("fallback", true);
      this.sendFallback();
      return;
    }
    this.events.say(this.failures < FAILURES ? "hung_up" : "fallback_none");
    this.later();
  }

  private fallbackOver(why: "replaced" | "refused"): void {
    // By ourselves: WebRTC, which was tried beside it, came through.
    if (why === "replaced" && this.publisher.isActive()) {
      this.turn("direct", false);
      return;
    }
    if (why === "replaced") {
      this.stop();
      this.events.say("replaced");
      this.events.replaced();
      return;
    }
    this.isUnreadable = true;
    this.turn("direct", true);
    this.events.say("fallback_refused");
    this.later();
  }

  private later(): void {
    window.clearTimeout(this.timer);
    this.publisher.stop();
    this.timer = window.setTimeout(() => void this.publish(), doubled(this.tries, AGAIN));
    this.tries += 1;
  }
}
