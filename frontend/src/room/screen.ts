/**
 * The member's picture: WebRTC while the server has room for it, HLS otherwise. Sound alone on wish. However it came to
 * be that there is no picture (no answer, no offer, no media, a standstill), it has a time by which it is begun again:
 * WebRTC, HLS, WebRTC, with growing pauses and without an end. Presence does not depend on any of it.
 */
import type { Fragment } from "hls.js";
import type HlsClass from "hls.js/light";
import type { CandidateInit, Command } from "../lib/frames";
import { Motion } from "./motion";

declare global {
  interface Window {
    Hls?: typeof HlsClass;
  }
}

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

type Way = "none" | "webrtc" | "hls";
type Via = "auto" | "hls";

const HLS_TYPE = "application/vnd.apple.mpegurl";
const AGAIN_MS = 2000;
const LOOK_MS = 1500;
// Nothing came for so long: it stands still.
const STILL_MS = 4000;
// How long an attempt may take. UDP that does not come through looks like nothing at all; HLS has its segments to wait for.
const PATIENCE_MS = { none: 8000, webrtc: 8000, hls: 14_000 };
const OFF_AIR_PATIENCE_MS = 25_000;
const PATIENCE_GROWS_MS = 3000;
const LONGEST_PATIENCE_MS = 40_000;
// The lecturer's picture is said to be back: so long for it to arrive by the way that is open.
const RETURN_MS = { none: 0, webrtc: 3500, hls: 10_000 };
// So long without a break, and the pauses begin anew.
const STEADY_MS = 20_000;
const WEBRTC_TRIES = 2;
// With so much ahead it could play.
const ENOUGH_S = 1;

export class Screen {
  audioOnly = false;
  private pc: RTCPeerConnection | null = null;
  private relays: RTCIceServer[] = [];
  private hls: HlsClass | null = null;
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
  /** The piece that hls.js loads, and how much of it had come at the last look. */
  private loading: Fragment | null = null;
  private loaded = "";
  private lastTime = 0;
  private waitingCandidates: RTCIceCandidateInit[] = [];
  private readonly motion = new Motion();

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly script: string,
    private readonly events: ScreenEvents,
  ) {
    video.addEventListener("playing", () => this.moved());
    video.addEventListener("error", () => {
      if (this.way === "hls" && !this.hls && video.getAttribute("src")) this.later();
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
    this.ask(this.failures < WEBRTC_TRIES ? "auto" : "hls");
  }

  /** The socket is back while media went on playing: the server needs to know the way anew only for WebRTC. */
  resume(): void {
    this.live = true;
    if (this.way !== "hls") this.start();
  }

  stop(): void {
    this.live = false;
    this.release();
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
    this.relays = relays;
    if (via === "webrtc") {
      this.way = "webrtc";
      this.motion.anew();
    } else if (via === "hls") {
      void this.startHls();
    } else {
      this.timer = window.setTimeout(() => this.ask(this.via), AGAIN_MS);
    }
  }

  async offered(sdp: string): Promise<void> {
    if (!this.live || this.way !== "webrtc") return;
    try {
      const pc = this.pc ?? this.connect();
      await pc.setRemoteDescription({ type: "offer", sdp });
      for (const transceiver of pc.getTransceivers()) {
        // Sound alone: say in the answer that the picture is not wanted, and the server does not send it.
        const wanted = !(this.audioOnly && transceiver.receiver.track.kind === "video");
        if (transceiver.currentDirection !== "stopped") transceiver.direction = wanted ? "recvonly" : "inactive";
      }
      const answer = await pc.createAnswer();
      await pc.setLocalDescription(answer);
      if (this.pc !== pc) return;
      this.events.send({ t: "answer", sdp: answer.sdp ?? "" });
      for (const one of this.waitingCandidates.splice(0)) this.trickle(one);
    } catch {
      this.webrtcFailed();
    }
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
    const { pc } = this;
    let moves = false;
    try {
      moves = await this.motion.since(this.video, pc, this.audioOnly);
    } catch {
      // A connection that is closed while it is asked.
    } finally {
      this.checking = false;
    }
    if (!this.live || pc !== this.pc) return;
    if (moves) this.moved();
    else this.stands();
  }

  private moved(): void {
    if (!this.live || this.way === "none") return;
    const now = performance.now();
    if (now - this.movedAt > STILL_MS) this.steadyAt = now;
    this.movedAt = now;
    this.deadline = 0;
    this.isOld = false;
    if (this.way === "webrtc") this.failures = 0;
    if (now - this.steadyAt > STEADY_MS) this.tries = 0;
    this.show("playing");
  }

  private stands(): void {
    const now = performance.now();
    if (this.shown === "blocked") return; // it waits for a tap
    if (document.visibilityState === "hidden" && this.video.paused) return; // the browser put it to sleep
    // Without a network no way is better than another; what has been loaded is kept, and the patience begins with it.
    if (navigator.onLine === false) this.deadline = 0;
    const arrives = this.arrives();
    if (this.shown === "playing") {
      if (now - this.movedAt < STILL_MS) return;
      this.covered("loading");
    }
    if (navigator.onLine === false) this.covered("loading");
    else if (!this.deadline || arrives) this.deadline = now + this.patience();
    else if (now > this.deadline) this.next();
    else this.covered(this.shown === "trying" ? "trying" : "loading");
  }

  /**
   * Whether HLS gets somewhere although nothing plays yet: on a slow line a piece takes longer than any patience, and to
   * begin anew throws away what has come of it. Once there is enough to play, bytes are no excuse any more.
   */
  private arrives(): boolean {
    const before = this.loaded;
    const { loading, video } = this;
    this.loaded = loading ? `${loading.type} ${loading.sn} ${loading.stats.loaded}` : "";
    if (this.way !== "hls" || !loading || loading.stats.loaded === 0) return false;
    const last = video.buffered.length - 1;
    const isReady = last >= 0 && video.buffered.end(last) - video.currentTime > ENOUGH_S;
    return !isReady && this.loaded !== before;
  }

  /** This attempt has had its time: the other way, or, while the lecturer sends nothing, the same again. */
  private next(): void {
    this.tries += 1;
    if (this.way === "webrtc" && this.airing && !this.isOld) this.failures += 1;
    const keep = !this.airing || this.isOld;
    this.isOld = false;
    this.ask(keep ? this.via : this.way === "hls" || this.via === "hls" ? "auto" : "hls");
  }

  private patience(): number {
    const base = this.airing ? PATIENCE_MS[this.way] : OFF_AIR_PATIENCE_MS;
    return Math.min(LONGEST_PATIENCE_MS, base + this.tries * PATIENCE_GROWS_MS) + Math.random() * AGAIN_MS;
  }

  private ask(via: Via): void {
    this.release();
    this.via = via;
    this.covered(this.tries ? "trying" : "loading");
    const can = typeof RTCPeerConnection === "function" && "getTransceivers" in RTCPeerConnection.prototype;
    if (!can) this.via = "hls";
    const sent = this.events.send({ t: "watch", via: this.via });
    // HLS needs no room; WebRTC waits for it.
    if (!sent && this.via === "hls") void this.startHls();
    this.deadline = performance.now() + this.patience();
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

  private connect(): RTCPeerConnection {
    const pc = new RTCPeerConnection({ iceServers: this.relays, bundlePolicy: "max-bundle" });
    this.pc = pc;
    const stream = new MediaStream();
    pc.ontrack = (event) => {
      // A picture that never comes would hold up the sound.
      if (this.audioOnly && event.track.kind === "video") return;
      stream.addTrack(event.track);
      if (this.video.srcObject !== stream) this.video.srcObject = stream;
      void this.play();
    };
    pc.onicecandidate = (event) => {
      if (this.pc !== pc) return;
      const candidate = event.candidate ? event.candidate.toJSON() : null;
      if (candidate && !pc.localDescription) this.waitingCandidates.push(candidate);
      else this.trickle(candidate);
    };
    pc.onconnectionstatechange = () => {
      if (this.pc === pc && pc.connectionState === "failed") this.webrtcFailed();
    };
    return pc;
  }

  private trickle(candidate: RTCIceCandidateInit | null): void {
    const plain: CandidateInit | null = candidate && {
      candidate: candidate.candidate ?? "",
      sdpMid: candidate.sdpMid ?? null,
      sdpMLineIndex: candidate.sdpMLineIndex ?? null,
    };
    this.events.send({ t: "candidate", pc: "sub", candidate: plain });
  }

  private webrtcFailed(): void {
    this.isOld = false;
    this.next();
  }

  private async startHls(): Promise<void> {
    this.release();
    this.way = "hls";
    const attempt = this.attempt;
    let url = "";
    try {
      const addresses = await this.events.refresh();
      url = this.audioOnly ? addresses.hls_audio_url : addresses.hls_url;
    } catch {
      // Without an answer as without an address: a moment later.
    }
    if (attempt !== this.attempt) return;
    if (!url) this.later();
    else if (window.MediaSource || "ManagedMediaSource" in window) await this.playWithLibrary(url);
    else if (this.video.canPlayType(HLS_TYPE)) this.playNatively(url);
    else this.show("failed");
  }

  private playNatively(url: string): void {
    this.video.srcObject = null;
    this.video.src = url;
    void this.play();
  }

  private async playWithLibrary(url: string): Promise<void> {
    const attempt = this.attempt;
    const Hls = await this.library();
    if (attempt !== this.attempt) return;
    if (!Hls?.isSupported()) {
      if (this.video.canPlayType(HLS_TYPE)) this.playNatively(url);
      else if (Hls) this.show("failed");
      else this.later();
      return;
    }
    const hls = new Hls({
      liveSyncDuration: 4,
      maxLiveSyncPlaybackRate: 1.2,
      maxBufferLength: 20,
      backBufferLength: 10,
      enableWorker: false,
      manifestLoadPolicy: {
        default: { maxTimeToFirstByteMs: 8000, maxLoadTimeMs: 15_000, timeoutRetry: null, errorRetry: null },
      },
    });
    this.hls = hls;
    hls.on(Hls.Events.FRAG_LOADING, (_event, { frag }) => {
      if (this.hls === hls) this.loading = frag;
    });
    let recovered = false;
    hls.on(Hls.Events.ERROR, (_event, problem) => {
      if (!problem.fatal || this.hls !== hls) return;
      if (problem.type === Hls.ErrorTypes.MEDIA_ERROR && !recovered) {
        recovered = true;
        hls.recoverMediaError();
      } else if (problem.type === Hls.ErrorTypes.NETWORK_ERROR && this.isPlaying()) {
        // What is buffered plays on meanwhile.
        this.timer = window.setTimeout(() => hls.startLoad(), AGAIN_MS);
      } else {
        this.later();
      }
    });
    this.video.srcObject = null;
    hls.loadSource(url);
    hls.attachMedia(this.video);
    void this.play();
  }

  private library(): Promise<typeof HlsClass | undefined> {
    if (window.Hls) return Promise.resolve(window.Hls);
    return new Promise((resolve) => {
      const script = document.createElement("script");
      script.src = this.script;
      script.onload = () => resolve(window.Hls);
      script.onerror = () => {
        script.remove();
        resolve(undefined);
      };
      document.head.appendChild(script);
    });
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
    this.waitingCandidates = [];
    this.loading = null;
    const { pc, hls } = this;
    this.pc = null;
    this.hls = null;
    pc?.close();
    hls?.destroy();
    this.video.srcObject = null;
    if (this.video.getAttribute("src")) {
      this.video.removeAttribute("src");
      this.video.load();
    }
  }
}
