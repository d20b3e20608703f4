/** One's own microphone and camera: both are off when one comes, each is opened by its key and closed by it. */
import { type DeviceProblem, openCamera, openMicrophone, UnableToUseDevices } from "../host/devices";
import { Publisher } from "../host/publisher";
import { doubled } from "../lib/backoff";
import type { Command } from "../lib/frames";

export interface SendingEvents {
  send(command: Command): boolean;
  changed(): void;
}

type Kind = "mic" | "cam";
/** So long one's own seat may still show what this page has closed. */
const STILL_MS = 3000;
const AGAIN = { first: 1000, longest: 8000 };

/** What a publisher says, of the connection of somebody in a meeting. */
export function asMeet(command: Command): Command {
  if (command.t === "offer") return { t: "appear", sdp: command.sdp, again: command.again };
  return command.t === "candidate" ? { ...command, pc: "meet" } : command;
}

export class Sending {
  problem: DeviceProblem | "asking" | "muted" | "silenced" | "silenced_all" | "replaced" | "took_over" | "" = "";
  private tracks: Record<Kind, MediaStreamTrack | null> = { mic: null, cam: null };
  private maxBitrate = 600_000;
  /** What the browser is being asked for; whoever opens both does not wait for the first. */
  private readonly asking = new Set<Kind>();
  private isOpen = false;
  private closedAt = Number.NEGATIVE_INFINITY;
  private tries = 0;
  private timer = 0;
  private readonly publisher: Publisher;

  constructor(private readonly events: SendingEvents) {
    this.publisher = new Publisher({
      send: (command) => events.send(asMeet(command)),
      connected: () => {
        this.tries = 0;
        void this.publisher.limit(this.maxBitrate);
      },
      failed: () => this.later(),
    });
  }

  get microphone(): MediaStreamTrack | null {
    return this.tracks.mic;
  }

  get camera(): MediaStreamTrack | null {
    return this.tracks.cam;
  }

  isOn(kind: Kind): boolean {
    return this.tracks[kind] !== null;
  }

  /** Open what is closed, or close it; `isElsewhere`: one is seen or heard so far, maybe by another device. */
  async toggle(kind: Kind, isElsewhere = false): Promise<void> {
    if (this.asking.has(kind)) return;
    if (this.tracks[kind]) {
      await this.close(kind);
      return;
    }
    const wasSending = this.tracks.mic || this.tracks.cam || performance.now() - this.closedAt < STILL_MS;
    const takesOver = isElsewhere && !wasSending;
    this.asking.add(kind);
    this.problem = "asking";
    this.events.changed();
    let problem: DeviceProblem | "" = "";
    try {
      const track = kind === "cam" ? await openCamera(360) : (await openMicrophone()).getTracks()[0];
      await this.opened(kind, track ?? null);
    } catch (error) {
      if (!(error instanceof UnableToUseDevices)) throw error;
      problem = error.problem;
    } finally {
      this.asking.delete(kind);
      const said = takesOver && this.tracks[kind] ? "took_over" : "";
      this.problem = problem || (this.asking.size > 0 ? "asking" : said);
      this.events.changed();
    }
  }

  /** The socket is open: what goes on is taken up again, and said again. */
  joined(relays: RTCIceServer[], isLive: boolean): void {
    this.publisher.relays = relays;
    this.isOpen = isLive;
    if (!isLive) return;
    const { key } = this.publisher;
    // Also with both keys off: the next one finds the connection there.
    if (!this.publisher.canResume() || !this.events.send({ t: "reclaim", pc: "meet", key })) void this.start();
    // What was closed while the line was away nobody has heard yet.
    this.tell();
  }

  /** The meeting began or ended. */
  live(isLive: boolean): void {
    this.isOpen = isLive;
    if (!isLive) this.stop();
  }

  async silenced(why: "silenced" | "silenced_all"): Promise<void> {
    if (!this.tracks.mic) return;
    await this.close("mic");
    this.problem = why;
    this.events.changed();
  }

  /** It holds no more what was told, where that is still what is said. */
  forgive(...whys: (typeof this.problem)[]): void {
    if (whys.indexOf(this.problem) < 0) return;
    this.problem = "";
    this.events.changed();
  }

  answered(sdp: string): void {
    void this.publisher.answered(sdp);
  }

  held(key: string): void {
    this.publisher.key = key;
  }

  link(state: string): void {
    if (state === "resumed") this.publisher.resumed();
    else if (state === "gone" || state === "hung_up") this.later();
    // Another device of the same person is in the meeting with sound or picture now.
    else if (state === "replaced") {
      this.stop();
      this.problem = "replaced";
      this.events.changed();
    }
  }

  refused(error: string): void {
    if (error === "muted" || error === "state" || error === "closed") {
      this.stop();
      this.problem = error === "muted" ? "muted" : "";
      this.events.changed();
    } else this.later();
  }

  async limit(maxBitrate: number): Promise<void> {
    this.maxBitrate = maxBitrate;
    if (this.publisher.isUp()) await this.publisher.limit(maxBitrate);
  }

  stop(): void {
    window.clearTimeout(this.timer);
    this.publisher.stop();
    for (const kind of ["mic", "cam"] as Kind[]) this.letGo(kind);
    this.events.changed();
  }

  private async opened(kind: Kind, track: MediaStreamTrack | null): Promise<void> {
    // It ended while the browser asked.
    if (!track || !this.isOpen) {
      track?.stop();
      return;
    }
    this.tracks[kind] = track;
    track.onended = () => void this.close(kind);
    if (!this.publisher.isActive()) await this.start();
    else if (kind === "mic") await this.publisher.replaceSound(track);
    else await this.publisher.replacePicture(track);
    this.tell();
  }

  private async close(kind: Kind): Promise<void> {
    this.letGo(kind);
    if (kind === "mic") await this.publisher.replaceSound(null);
    else await this.publisher.replacePicture(null);
    this.problem = "";
    this.tell();
    this.events.changed();
  }

  private letGo(kind: Kind): void {
    const track = this.tracks[kind];
    this.tracks[kind] = null;
    if (!track) return;
    this.closedAt = performance.now();
    track.onended = null;
    track.stop();
  }

  private tell(): void {
    this.events.send({ t: "devices", mic: this.isOn("mic"), cam: this.isOn("cam") });
  }

  private async start(): Promise<void> {
    window.clearTimeout(this.timer);
    const { mic, cam } = this.tracks;
    // What the server has no more is no connection: the next key makes one.
    if (!this.isOpen || !(mic || cam)) return this.publisher.stop();
    await this.publisher.start(new MediaStream(mic ? [mic] : []), cam ?? "later", true);
    if (!this.publisher.isActive()) this.later();
  }

  private later(): void {
    window.clearTimeout(this.timer);
    this.publisher.stop();
    if (!(this.tracks.mic || this.tracks.cam)) return;
    this.timer = window.setTimeout(() => void this.start(), doubled(this.tries, AGAIN));
    this.tries += 1;
  }
}
