/**
 * Gets the media to play: native HLS where the browser has it, hls.js (loaded only then) where not. When it breaks:
 * recover, then fresh addresses and a new start at the same place, then audio only, then a plain sentence.
 */
import type HlsClass from "hls.js/light";
import { get } from "../lib/http";
import type { Addresses } from "./page";

declare global {
  interface Window {
    Hls?: typeof HlsClass;
  }
}

export interface SourceEvents {
  /** Nothing helps any more. */
  failed(): void;
  /** The picture was given up, the sound goes on. */
  audioOnly(): void;
  /** Waiting for the line. */
  waiting(): void;
}

const HLS_TYPE = "application/vnd.apple.mpegurl";
const AGAIN_MS = 2000;
// Problems that lie further apart than this are not one problem.
const FORGOTTEN_MS = 60_000;

export class Source {
  audio = false;
  /** The person wants it to play: a repaired source goes on by itself, a paused one stays paused. */
  wanted = true;
  private hls: HlsClass | null = null;
  private native: boolean;
  private steps = 0;
  private lastAt = 0;
  private timer = 0;
  private recovered = false;

  constructor(
    private readonly video: HTMLVideoElement,
    private addresses: Addresses,
    private readonly refreshUrl: string,
    private readonly script: string,
    private readonly events: SourceEvents,
  ) {
    this.native = video.canPlayType(HLS_TYPE) !== "";
    video.addEventListener("error", () => {
      if (!this.hls && video.getAttribute("src")) this.broken();
    });
  }

  /** Load and play from `at` ms. Synchronous up to play() where HLS is native: iOS wants it inside the tap. */
  start(at: number): void {
    this.release();
    const url = this.audio ? this.addresses.audio_url : this.addresses.hls_url;
    if (this.native || !/\.m3u8(\?|$)/.test(url)) this.startNative(url, at);
    else void this.startHls(url, at);
  }

  setAudio(audio: boolean, at: number): void {
    this.audio = audio;
    this.steps = 0;
    this.start(at);
  }

  /** Begin again after `failed`. */
  again(at: number): void {
    this.steps = 0;
    this.refresh(at);
  }

  private play(): void {
    if (!this.wanted) return;
    const promise = this.video.play();
    // Refused without a tap: the big button is there for that (the pause event shows it).
    if (promise) promise.catch(() => undefined);
  }

  private startNative(url: string, at: number): void {
    const video = this.video;
    video.src = url;
    if (at > 0) {
      const seek = (): void => {
        video.removeEventListener("loadedmetadata", seek);
        video.currentTime = at / 1000;
      };
      video.addEventListener("loadedmetadata", seek);
    }
    this.play();
  }

  private async startHls(url: string, at: number): Promise<void> {
    const Hls = await this.library();
    if (!Hls?.isSupported()) {
      // Old WebViews play neither, but a plain sound file they do.
      if (!this.audio && this.addresses.audio_url) this.fallBackToAudio(at);
      else this.events.failed();
      return;
    }
    this.release();
    const hls = new Hls({
      startPosition: at / 1000,
      // Start low and go up: a picture soon, a sharp one when the line carries it.
      startLevel: 0,
      abrEwmaDefaultEstimate: 300_000,
      capLevelToPlayerSize: true,
      maxBufferLength: 30,
      maxMaxBufferLength: 60,
      backBufferLength: 30,
      enableWorker: false,
    });
    this.hls = hls;
    hls.on(Hls.Events.ERROR, (_event, problem) => {
      if (!problem.fatal || this.hls !== hls) return;
      if (problem.type === Hls.ErrorTypes.MEDIA_ERROR && !this.recovered) {
        this.recovered = true;
        hls.recoverMediaError();
      } else {
        this.broken();
      }
    });
    hls.loadSource(url);
    hls.attachMedia(this.video);
    this.play();
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

  private release(): void {
    window.clearTimeout(this.timer);
    this.recovered = false;
    if (this.hls) {
      this.hls.destroy();
      this.hls = null;
    }
  }

  private position(): number {
    return this.video.currentTime * 1000;
  }

  private broken(): void {
    const now = Date.now();
    if (now - this.lastAt > FORGOTTEN_MS) this.steps = 0;
    this.lastAt = now;
    const at = this.position();
    if (navigator.onLine === false) {
      this.wait(at);
      return;
    }
    this.steps += 1;
    if (this.steps <= 2) {
      // A browser that says it plays HLS and then does not gets hls.js on the second try.
      if (this.steps === 2 && window.MediaSource) this.native = false;
      this.timer = window.setTimeout(() => this.refresh(at), this.steps === 1 ? 0 : AGAIN_MS);
    } else if (!this.audio && this.addresses.audio_url) {
      this.fallBackToAudio(at);
    } else {
      this.events.failed();
    }
  }

  private fallBackToAudio(at: number): void {
    this.events.audioOnly();
    this.steps = 0;
    this.audio = true;
    this.refresh(at);
  }

  private wait(at: number): void {
    this.release();
    this.events.waiting();
    const back = (): void => {
      window.removeEventListener("online", back);
      this.refresh(at);
    };
    window.addEventListener("online", back);
  }

  /** Signed addresses expire: ask for new ones before starting again. */
  private refresh(at: number): void {
    if (!this.refreshUrl) {
      this.start(at);
      return;
    }
    get<Addresses>(this.refreshUrl)
      .then((fresh) => {
        if (fresh.hls_url) this.addresses = fresh;
      })
      .catch(() => undefined)
      .then(() => this.start(at));
  }
}
