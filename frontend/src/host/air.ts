/** On the air: the picture goes out while the lecture is live, and whatever breaks is begun again with growing pauses. */
import { doubled } from "../lib/backoff";
import type { Command, ErrorFrame } from "../lib/frames";
import type { HostWords } from "../lib/sentences";
import { Publisher } from "./publisher";

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
}

const AGAIN = { first: 1000, longest: 8000 };

export class Air {
  private tries = 0;
  /** An offer went out and nothing has come of it yet; a further one gets no further time. */
  private isAsked = false;
  private timer = 0;
  private readonly publisher: Publisher;

  constructor(private readonly events: AirEvents) {
    this.publisher = new Publisher({
      send: (command) => events.send(command),
      connected: () => {
        this.tries = 0;
        this.isAsked = false;
        events.say("sending");
      },
      failed: () => {
        if (!events.isLive()) return;
        events.say("hung_up");
        this.later();
      },
    });
  }

  isActive(): boolean {
    return this.publisher.isActive();
  }

  /** Relays of this page's socket; they go into the next connection. */
  relays(servers: RTCIceServer[]): void {
    this.publisher.relays = servers;
  }

  async publish(): Promise<void> {
    window.clearTimeout(this.timer);
    const stream = this.events.stream();
    if (!stream || !this.events.isLive() || !this.events.isPresenter()) return;
    this.events.say("publishing");
    await this.publisher.start(stream, this.events.picture());
    if (!this.publisher.isActive()) this.later();
    else if (!this.isAsked) {
      this.isAsked = true;
      this.events.begins();
    }
  }

  /** The socket is back: go on with the connection that is there, or put the picture on the air. */
  async back(): Promise<void> {
    if (!this.events.isPresenter()) return;
    const { key } = this.publisher;
    if (!this.publisher.canResume() || !this.events.send({ t: "reclaim", pc: "pub", key })) await this.publish();
  }

  /** The server keeps our connection under this key. */
  held(key: string): void {
    this.publisher.key = key;
  }

  /** It was replaced, and the server still calls this page the one that sends: try again, if nothing else has. */
  again(): void {
    if (this.events.isLive() && this.events.isPresenter() && !this.publisher.isActive()) this.later();
  }

  stop(): void {
    window.clearTimeout(this.timer);
    this.isAsked = false;
    this.publisher.stop();
  }

  /** Other devices: into the connection that is up, or into a new one. */
  async opened(stream: MediaStream): Promise<void> {
    if (this.publisher.isActive()) {
      await this.publisher.replaceSound(stream.getAudioTracks()[0] ?? null);
      await this.publisher.replacePicture(this.events.picture());
    } else {
      void this.publish();
    }
  }

  async changed(picture: MediaStreamTrack | null, sound: MediaStreamTrack | null): Promise<void> {
    await this.publisher.replacePicture(picture);
    await this.publisher.replaceSound(sound);
  }

  answered(sdp: string): void {
    void this.publisher.answered(sdp);
  }

  /** What the engine says of the connection. Not of one that the end has closed. */
  link(state: string): void {
    if (!this.events.isLive()) return;
    if (state === "slow") this.events.say("slow");
    else if (state === "flowing") this.events.say("sending");
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

  /** The server refused our offer. */
  refused({ error }: ErrorFrame): void {
    this.events.say(error === "engine_unreachable" || error === "no_such_room" ? "no_engine" : "hung_up");
    this.later();
  }

  private later(): void {
    window.clearTimeout(this.timer);
    this.publisher.stop();
    this.timer = window.setTimeout(() => void this.publish(), doubled(this.tries, AGAIN));
    this.tries += 1;
  }
}
