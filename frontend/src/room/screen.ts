/**
 * The member's picture: WebRTC while the server has room for it, HLS otherwise. Sound alone on wish. However it came to
 * be that there is no picture (no answer, no offer, no media, a standstill), it has a time by which it is begun again:
 * WebRTC, HLS, WebRTC, with growing pauses and without an end. Presence does not depend on any of it.
 */
import { isOnline } from "../lib/connection";
import type { Command } from "../lib/frames";
import { abilities, choose, chooseWithout, loadHls } from "../lib/hls";
import { Deafness } from "./deafness";
import { LiveList } from "./list";
import { Motion } from "./motion";
import { canReceive, Receiver } from "./receiver";
import { firstVia, otherVia, patience, type Via, type Way } from "./ways";

export type ScreenState = "idle" | "loading" | "playing" | "blocked" | "no_picture" | "trying" | "failed";

export interface ScreenEvents {
  send(command: Command): boolean;
  /** A picture (or sound) plays, waits, is tried in another way, or cannot start without a tap. */
  state(state: ScreenState): void;
  /** Signed addresses run out: fetch the state again. */
  refresh(): Promise<Addresses>;
}

export interface Addresses {
  hls_url: string;
  hls_audio_url: string;
}

const AGAIN_MS = 2000;
const LOOK_MS = 1500;
const STILL_MS = 4000; // nothing came for so long: it stands still
// The lecturer's picture is said to be back: so long for it to arrive by the way that is open.
const RETURN_MS = { none: 0, webrtc: 3500, hls: 10_000 };
// So long without a break, and the pauses begin anew.
const STEADY_MS = 20_000;

export class Screen {
  audioOnly = false;
  private readonly receiver: Receiver;
  private readonly list: LiveList;
  private way: Way = "none";
  private via: Via = "auto";
  private attempt = 0;
  private timer = 0;
  private deadline = 0;
  private tries = 0;
  private failures = 0;
  private live = false;
  /** The lecturer's picture is on air, as far as the server knows. */
  private airing = true;
  /** The way was open before the lecturer's picture came back: begun anew once before another way is tried. */
  private isOld = false;
  private shown: ScreenState = "idle";
  private movedAt = 0;
  private steadyAt = 0;
  private checking = false;
  /** This page is on the stage. */
  private speaks = false;
  /** WebRTC brings this browser the sound alone: enough on the stage, and HLS for the picture otherwise. */
  private unable = false;
  private lastTime = 0;
  private readonly motion = new Motion();
  readonly deafness = new Deafness();

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly script: string,
    private readonly events: ScreenEvents,
  ) {
    this.receiver = new Receiver({
      send: (command) => events.send(command),
      stream: (stream) => {
        if (video.srcObject !== stream) video.srcObject = stream;
        void this.play();
      },
      playsVoices: true,
      isMuted: () => video.muted,
      failed: () => {
        this.isOld = false;
        this.next();
      },
      unable: () => {
        this.unable = true;
        this.ask(this.via);
      },
      // The network has changed, the server has not: the same way again, at once.
      lost: () => {
        if (this.live) this.ask(this.via);
      },
    });
    this.list = new LiveList(video, { failed: () => this.later(), isPlaying: () => this.isPlaying() });
    video.addEventListener("playing", () => this.moved());
    video.addEventListener("error", () => {
      if (this.way === "hls" && !this.list.isOpen && video.getAttribute("src")) this.later();
    });
    video.addEventListener("waiting", () => this.covered("loading"));
    video.addEventListener("pause", () => this.goOn());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState !== "visible") return;
      // The timers slept: what stands still now has its time from now on.
      if (this.deadline) this.deadline = Math.max(this.deadline, performance.now() + STILL_MS);
      this.goOn();
      void this.check();
    });
    window.setInterval(() => void this.check(), LOOK_MS);
  }

  /** The lecture is live: get its picture. Called again whenever the line is back. */
  start(): void {
    this.live = true;
    this.tries = 0;
    this.ask(firstVia(this.failures));
  }

  /** The socket is back: what plays goes on. HLS needs no word of it; WebRTC is reclaimed, or begun anew. */
  resume(isSame: boolean): void {
    this.live = true;
    if (this.way === "hls" && this.shown === "playing" && !this.speaks) return;
    // Who is on the air may have changed meanwhile: only a picture that moves is worth keeping.
    if (this.way !== "webrtc" || this.shown !== "playing" || !isSame || !this.receiver.resume()) this.start();
  }

  /** The server keeps our connection under this key. */
  held(key: string): void {
    this.receiver.key = key;
  }

  stop(): void {
    this.live = false;
    this.release();
    this.deafness.ends();
    this.deadline = 0;
    this.show("idle");
  }

  setAudioOnly(on: boolean): void {
    this.audioOnly = on;
    if (this.live) this.ask(this.via);
  }

  /** The tap that the browser wanted. */
  tapped(): void {
    void this.play();
    this.receiver.playVoices();
  }

  /** This page came on the stage or left it: there what is said must be heard at once, and never oneself by HLS. */
  onStage(speaks: boolean): void {
    this.speaks = speaks;
    this.deafness.ends();
    if (this.live && speaks && this.way !== "webrtc") this.ask("auto");
    this.quiet(speaks && this.way !== "webrtc");
  }

  private quiet(on: boolean): void {
    if (this.video.muted === on) return;
    this.video.muted = on;
    this.receiver.playVoices();
  }

  isPlaying(): boolean {
    return this.live && !this.video.paused && this.video.readyState > 2;
  }

  /** Whether sound goes on while the page is hidden. */
  hasSound(): boolean {
    return this.isPlaying() && !this.video.muted && this.video.volume > 0;
  }

  /** Whether media time went on since the last question: a buffer that plays, however the line is. */
  advanced(): boolean {
    const now = this.video.currentTime;
    const on = this.isPlaying() && now > this.lastTime;
    this.lastTime = now;
    return on;
  }

  /** The server's word on how this browser gets the picture. */
  chosen(via: "webrtc" | "hls" | "wait", relays: RTCIceServer[]): void {
    if (!this.live) return;
    this.receiver.relays = relays;
    if (via === "webrtc") {
      this.way = "webrtc";
      if (this.speaks) this.quiet(false);
      this.motion.anew();
    } else if (via === "hls") {
      void this.startHls();
    } else {
      this.timer = window.setTimeout(() => this.ask(this.via), AGAIN_MS);
    }
  }

  async offered(sdp: string): Promise<void> {
    if (this.live && this.way === "webrtc") await this.receiver.offered(sdp, () => this.audioOnly || this.unable);
  }

  link(state: string): void {
    if (this.way !== "webrtc" || !this.live) return;
    if (state === "gone" || state === "hung_up" || state === "replaced") {
      this.release();
      this.covered("loading");
      // Spread over two seconds: each new subscriber asks the lecturer's browser for a keyframe.
      this.timer = window.setTimeout(() => this.ask(this.via), 1000 + Math.random() * 2000);
    } else if (state === "flowing") {
      void this.check();
    }
  }

  /** Whether the lecturer is on the air, as the server says on joining. */
  airs(on: boolean): void {
    this.airing = on;
  }

  /**
   * The lecturer came on the air or left it. What is played from a buffer goes on; what stands still is covered by the
   * next look, and lifted by it too: an element that never stopped tells nothing by itself.
   */
  picture(on: boolean): void {
    this.airing = on;
    if (!this.live) return;
    if (!on) {
      if (this.shown === "loading" || this.shown === "trying") this.covered(this.shown);
      return;
    }
    this.tries = 0;
    this.motion.anew();
    this.isOld = this.way !== "none";
    this.deadline = performance.now() + RETURN_MS[this.way] + Math.random() * 1000;
  }

  // --- no state without a picture is without an end -------------------------------------------------------------

  private async check(): Promise<void> {
    if (!this.live || this.checking) return;
    this.checking = true;
    const { pc } = this.receiver;
    let moves = false;
    try {
      moves = await this.motion.since(this.video, pc, this.audioOnly || this.unable);
    } catch {
      // A connection that is closed while it is asked.
    } finally {
      this.checking = false;
    }
    if (!this.live || pc !== this.receiver.pc) return;
    if (moves) this.moved();
    else this.stands();
    if (this.speaks && this.way === "hls" && isOnline() && this.deafness.isDue(performance.now())) this.ask("auto");
  }

  private moved(): void {
    if (!this.live || this.way === "none") return;
    const now = performance.now();
    if (now - this.movedAt > STILL_MS) this.steadyAt = now;
    this.movedAt = now;
    this.deadline = 0;
    this.isOld = false;
    if (this.way === "webrtc") {
      this.failures = 0;
      this.deafness.ends();
    }
    if (now - this.steadyAt > STEADY_MS) this.tries = 0;
    this.show("playing");
  }

  private stands(): void {
    const now = performance.now();
    if (this.shown === "blocked") return; // it waits for a tap
    if (document.visibilityState === "hidden" && this.video.paused) return; // the browser put it to sleep
    // Without a network no way is better than another; what has been loaded is kept, and the patience begins with it.
    if (!isOnline()) this.deadline = 0;
    const arrives = this.list.arrives();
    if (this.shown === "playing") {
      if (now - this.movedAt < STILL_MS) return;
      this.covered("loading");
    }
    if (!isOnline()) this.covered("loading");
    else if (!this.deadline || arrives) this.deadline = now + this.patienceNow();
    else if (now > this.deadline) this.next();
    else this.covered(this.shown === "trying" ? "trying" : "loading");
  }

  /** This attempt has had its time: the other way, or, while the lecturer sends nothing, the same again. */
  private next(): void {
    this.tries += 1;
    if (this.way === "webrtc" && this.airing && !this.isOld) this.failures += 1;
    const keep = !this.airing || this.isOld;
    this.isOld = false;
    this.ask(keep ? this.via : otherVia(this.way, this.via));
  }

  private ask(via: Via): void {
    const asked = canReceive() && (this.speaks || !this.unable) ? via : "hls";
    const sent = this.events.send({ t: "watch", via: asked });
    this.covered(this.tries ? "trying" : "loading");
    this.deadline = performance.now() + this.patienceNow();
    // Without a socket nothing better can be had: what is there may come back before it.
    if (!sent && asked !== "hls" && (this.way === "webrtc" || this.speaks)) return;
    this.release();
    this.via = asked;
    // HLS needs no room; WebRTC waits for it.
    if (!sent && this.via === "hls") void this.startHls();
  }

  /** No picture now: say what is done about it, or that the lecturer has none. */
  private covered(state: "loading" | "trying"): void {
    if (this.live) this.show(this.airing ? state : "no_picture");
  }

  private show(state: ScreenState): void {
    if (state === this.shown) return;
    this.shown = state;
    this.events.state(state);
  }

  /** A call or the lock screen paused us: nobody pauses a live lecture by hand here. */
  private goOn(): void {
    const wanted = this.live && this.way !== "none" && document.visibilityState === "visible";
    if (wanted && this.video.paused && this.shown !== "blocked") void this.play();
  }

  private patienceNow(): number {
    return patience(this.way, { airing: this.airing, tries: this.tries }) + Math.random() * AGAIN_MS;
  }

  private async startHls(): Promise<void> {
    this.release();
    this.way = "hls";
    if (this.speaks) this.quiet(true);
    const attempt = this.attempt;
    let url = "";
    try {
      const addresses = await this.events.refresh();
      url = this.audioOnly ? addresses.hls_audio_url : addresses.hls_url;
    } catch {
      // Without an answer as without an address: a moment later.
    }
    if (attempt !== this.attempt) return;
    const way = url ? choose(url, abilities(this.video), false) : "later";
    if (way === "library") await this.playWithLibrary(url);
    else if (way === "native") this.playNatively(url);
    else if (way === "later") this.later();
    else this.show("failed");
  }

  private playNatively(url: string): void {
    this.video.srcObject = null;
    this.video.src = url;
    void this.play();
  }

  private async playWithLibrary(url: string): Promise<void> {
    const attempt = this.attempt;
    const Hls = await loadHls(this.script);
    if (attempt !== this.attempt) return;
    if (!Hls?.isSupported()) {
      const way = chooseWithout(Hls ? "unsupported" : "missing", abilities(this.video), false);
      if (way === "native") this.playNatively(url);
      else if (way === "wait") this.later();
      else this.show("failed");
      return;
    }
    this.video.srcObject = null;
    this.list.play(Hls, url);
    void this.play();
  }

  /** Begin again at the live edge: the playlist is not there yet, or something broke. */
  private later(): void {
    if (!this.live) return;
    this.release();
    this.way = "hls";
    this.covered(this.shown === "trying" ? "trying" : "loading");
    this.timer = window.setTimeout(() => {
      if (this.live && this.way === "hls") void this.startHls();
    }, AGAIN_MS);
  }

  private async play(): Promise<void> {
    try {
      await this.video.play();
    } catch (error) {
      if (error instanceof DOMException && error.name === "NotAllowedError") this.show("blocked");
    }
  }

  private release(): void {
    window.clearTimeout(this.timer);
    this.attempt += 1;
    this.way = "none";
    this.receiver.close();
    this.list.close();
    this.video.srcObject = null;
    if (this.video.getAttribute("src")) {
      this.video.removeAttribute("src");
      this.video.load();
    }
  }
}
