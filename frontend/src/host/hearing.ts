/** The speakers in the lecturer's ears, and the one who is shown before their eyes: a connection that holds them alone. */
import type { Command, OnStage, ServerFrame } from "../lib/frames";
import { byId } from "../lib/page";
import { Receiver } from "../room/receiver";

export interface HearingEvents {
  send(command: Command): boolean;
  /** This page sends the picture of a lecture that goes on: nobody else needs to hear the stage here. */
  isPresenter(): boolean;
}

const AGAIN_MS = 3000;

export class Hearing {
  private speakers: OnStage[] = [];
  private wanted = false;
  private isAsked = false;
  private timer = 0;
  private readonly sound = new Audio();
  private readonly video = byId<HTMLVideoElement>("shown-video");
  private readonly receiver: Receiver;

  constructor(private readonly events: HearingEvents) {
    this.receiver = new Receiver({
      send: (command) => events.send(command),
      stream: (stream) => {
        this.sound.srcObject = stream;
        void this.sound.play().catch(() => undefined);
        // The sound is played beside it.
        this.video.muted = true;
        this.video.hidden = false;
        this.video.srcObject = stream;
        void this.video.play().catch(() => undefined);
      },
      playsVoices: true,
      isMuted: () => false,
      failed: () => this.later(),
      lost: () => this.later(),
    });
  }

  /** The stage, or whether this page is the presenter's, may be another. */
  told(speakers = this.speakers): void {
    this.speakers = speakers;
    const wanted = this.events.isPresenter() && speakers.some((one) => one.on);
    if (wanted === this.wanted) return;
    this.wanted = wanted;
    if (wanted) this.ask();
    else {
      // Gives the place at the server up.
      if (this.isAsked) this.events.send({ t: "watch", via: "hls" });
      this.close();
    }
  }

  /** The socket is another: what the server knew of the old one is asked for anew. */
  joined(): void {
    this.wanted = false;
    this.close();
  }

  frame(frame: ServerFrame): void {
    if (!this.wanted) return;
    if (frame.t === "media") {
      if (frame.via === "webrtc") this.receiver.relays = frame.ice;
      else this.later();
    } else if (frame.t === "offer") void this.receiver.offered(frame.sdp, () => false);
    else if (frame.t === "link" && frame.pc === "sub" && (frame.state === "gone" || frame.state === "hung_up")) {
      this.later();
    }
  }

  private ask(): void {
    this.close();
    this.isAsked = this.events.send({ t: "watch", via: "stage" });
  }

  private later(): void {
    this.close();
    this.timer = window.setTimeout(() => {
      if (this.wanted) this.ask();
    }, AGAIN_MS);
  }

  private close(): void {
    window.clearTimeout(this.timer);
    this.isAsked = false;
    this.receiver.close();
    this.sound.srcObject = null;
    this.video.srcObject = null;
    this.video.hidden = true;
  }
}
