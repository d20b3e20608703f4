/**
 * The member's picture: WebRTC while the server has room for it, HLS otherwise and wherever WebRTC fails within 6 s.
 * Sound alone on wish. Whatever breaks is begun again by itself; presence does not depend on any of it.
 */
import type HlsClass from "hls.js/light";
import type { CandidateInit, Command } from "../lib/frames";

declare global {
  interface Window {
    Hls?: typeof HlsClass;
  }
}

export interface ScreenEvents {
  send(command: Command): boolean;
  /** A picture (or sound) plays, waits, or cannot start without a tap. */
  state(state: "idle" | "loading" | "playing" | "blocked" | "no_picture" | "failed"): void;
  /** Signed addresses run out: fetch the state again. */
  refresh(): Promise<Addresses>;
}

export interface Addresses {
  hls_url: string;
  hls_audio_url: string;
}

const HLS_TYPE = "application/vnd.apple.mpegurl";
const WEBRTC_PATIENCE_MS = 6000;
const AGAIN_MS = 2000;
const LOOK_MS = 2500;
const WEBRTC_TRIES = 2;

export class Screen {
  audioOnly = false;
  private pc: RTCPeerConnection | null = null;
  private hls: HlsClass | null = null;
  private way: "none" | "webrtc" | "hls" = "none";
  private timer = 0;
  private patience = 0;
  private looking = 0;
  private failures = 0;
  private live = false;
  private lastTime = 0;
  private addresses: Addresses = { hls_url: "", hls_audio_url: "" };
  private waitingCandidates: RTCIceCandidateInit[] = [];

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly script: string,
    private readonly events: ScreenEvents,
  ) {
    video.addEventListener("playing", () => this.playing());
    video.addEventListener("error", () => {
      if (this.way === "hls" && !this.hls && video.getAttribute("src")) this.later();
    });
    video.addEventListener("waiting", () => this.events.state("loading"));
    video.addEventListener("pause", () => {
      // A call or the lock screen paused us: nobody pauses a live lecture by hand here.
      if (this.live && this.way !== "none" && document.visibilityState === "visible") void this.play();
    });
  }

  /** The lecture is live: get its picture. Called again whenever the line is back. */
  start(): void {
    this.live = true;
    this.ask();
  }

  /** The socket is back while media went on playing: the server needs to know the way anew only for WebRTC. */
  resume(): void {
    this.live = true;
    if (this.way !== "hls") this.ask();
  }

  stop(): void {
    this.live = false;
    this.release();
    this.events.state("idle");
  }

  setAudioOnly(on: boolean): void {
    this.audioOnly = on;
    if (this.live) this.ask();
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
  chosen(via: "webrtc" | "hls" | "wait"): void {
    if (!this.live) return;
    if (via === "webrtc") {
      this.way = "webrtc";
      this.events.state("no_picture");
    } else if (via === "hls") {
      void this.startHls();
    } else {
      this.events.state("no_picture");
      this.timer = window.setTimeout(() => this.ask(), AGAIN_MS);
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
      this.wait();
    } catch {
      this.fallBack();
    }
  }

  link(state: string): void {
    if (this.way !== "webrtc" || !this.live) return;
    if (state === "gone" || state === "hung_up" || state === "replaced") {
      this.release();
      this.events.state("loading");
      // Spread over two seconds: each new subscriber asks the lecturer's browser for a keyframe.
      this.timer = window.setTimeout(() => this.ask(), 1000 + Math.random() * 2000);
    } else if (state === "silent") {
      this.events.state("no_picture");
    } else if (state === "flowing") {
      this.look();
    }
  }

  /** The lecturer came on the air or left it. */
  picture(on: boolean): void {
    if (!this.live) return;
    if (!on) this.events.state("no_picture");
    else if (this.way === "webrtc") this.look();
    else if (!this.isPlaying()) this.ask();
  }

  /**
   * The picture is said to be back, and the element never stopped, so that it tells nothing by itself: see whether its
   * time goes on, and lift the cover; where it does not, ask for the picture anew.
   */
  private look(): void {
    this.lastTime = this.video.currentTime;
    window.clearTimeout(this.looking);
    this.looking = window.setTimeout(() => {
      if (!this.live || this.way !== "webrtc") return;
      if (this.advanced()) this.events.state("playing");
      else this.ask();
    }, LOOK_MS);
  }

  private ask(): void {
    this.release();
    this.events.state("loading");
    const can = typeof RTCPeerConnection === "function" && "getTransceivers" in RTCPeerConnection.prototype;
    this.events.send({ t: "watch", via: can && this.failures < WEBRTC_TRIES ? "auto" : "hls" });
  }

  private connect(): RTCPeerConnection {
    const pc = new RTCPeerConnection({ iceServers: [], bundlePolicy: "max-bundle" });
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
      if (this.pc === pc && pc.connectionState === "failed") this.fallBack();
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

  /** UDP that does not come through looks like nothing at all: give it six seconds. */
  private wait(): void {
    window.clearTimeout(this.patience);
    this.patience = window.setTimeout(() => {
      if (this.way === "webrtc" && this.pc && this.pc.connectionState !== "connected") this.fallBack();
    }, WEBRTC_PATIENCE_MS);
  }

  private fallBack(): void {
    this.failures += 1;
    this.release();
    this.events.state("loading");
    this.events.send({ t: "watch", via: "hls" });
  }

  private async startHls(): Promise<void> {
    this.release();
    this.way = "hls";
    try {
      this.addresses = await this.events.refresh();
    } catch {
      this.later();
      return;
    }
    const url = this.audioOnly ? this.addresses.hls_audio_url : this.addresses.hls_url;
    if (this.way !== "hls" || !url) {
      this.later();
      return;
    }
    if (window.MediaSource || "ManagedMediaSource" in window) await this.playWithLibrary(url);
    else if (this.video.canPlayType(HLS_TYPE)) this.playNatively(url);
    else this.events.state("failed");
  }

  private playNatively(url: string): void {
    this.video.srcObject = null;
    this.video.src = url;
    void this.play();
  }

  private async playWithLibrary(url: string): Promise<void> {
    const Hls = await this.library();
    if (this.way !== "hls") return;
    if (!Hls?.isSupported()) {
      if (this.video.canPlayType(HLS_TYPE)) this.playNatively(url);
      else this.events.state("failed");
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
    let recovered = false;
    hls.on(Hls.Events.ERROR, (_event, problem) => {
      if (!problem.fatal || this.hls !== hls) return;
      if (problem.type === Hls.ErrorTypes.MEDIA_ERROR && !recovered) {
        recovered = true;
        hls.recoverMediaError();
      } else {
        this.later(problem.response?.code === 404);
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
  private later(notYet = false): void {
    if (!this.live) return;
    this.release();
    this.way = "hls";
    this.events.state(notYet ? "no_picture" : "loading");
    this.timer = window.setTimeout(() => {
      if (this.live && this.way === "hls") void this.startHls();
    }, AGAIN_MS);
  }

  private async play(): Promise<void> {
    try {
      await this.video.play();
    } catch (error) {
      if (error instanceof DOMException && error.name === "NotAllowedError") this.events.state("blocked");
    }
  }

  private playing(): void {
    window.clearTimeout(this.patience);
    if (this.way === "webrtc") this.failures = 0;
    this.events.state("playing");
  }

  private release(): void {
    window.clearTimeout(this.timer);
    window.clearTimeout(this.patience);
    window.clearTimeout(this.looking);
    this.way = "none";
    this.waitingCandidates = [];
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
