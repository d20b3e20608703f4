/**
 * Gets the media to play: native HLS where the browser has it, hls.js (loaded only then) where not. When it breaks:
 * recover, then fresh addresses and a new start at the same place, then audio only, then a plain sentence. A line that
 * is away is no fault of the picture: then the same is tried again until it is back.
 */
import type HlsClass from "hls.js/light";
import { get, HttpError } from "../lib/http";
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
const LONGEST_WAIT_MS = 15_000;
// How near a restarted source must come to the kept place before its own clock is believed again.
const NEAR_MS = 3000;
// Problems that lie further apart than this are not one problem.
const FORGOTTEN_MS = 60_000;

export class Source {
  audio = false;
  /** The person wants it to play: a repaired source goes on by itself, a paused one stays paused. */
  wanted = true;
  /**
   * The last place that was reached, in ms. Kept here and not read from the video: a source that is put in anew begins
   * at 0, and a report or a second attempt made in that moment would throw the person back to the beginning.
   */
  place = 0;
  private restarting = false;
  private waits = 0;
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
    video.addEventListener("timeupdate", () => this.reached());
    video.addEventListener("playing", () => {
      this.waits = 0;
      this.reached();
    });
  }

  /** The person (or another phone's place) chose where to go on. */
  moveTo(at: number): void {
    this.place = at;
    this.video.currentTime = at / 1000;
  }

  /** Load and play from `at` ms. Synchronous up to play() where HLS is native: iOS wants it inside the tap. */
  start(at: number): void {
    this.release();
    this.place = at;
    this.restarting = true;
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
        // An answer that refuses (expired, moved) is not the line: fresh addresses may help.
        const code = problem.response?.code ?? 0;
        this.broken(problem.type === Hls.ErrorTypes.NETWORK_ERROR && (code === 0 || code >= 500));
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

  private reached(): void {
    if (!this.video.readyState) return;
    const now = this.video.currentTime * 1000;
    if (this.restarting && Math.abs(now - this.place) > NEAR_MS) return;
    this.restarting = false;
    this.place = now;
  }

  private broken(network = false): void {
    const now = Date.now();
    if (now - this.lastAt > FORGOTTEN_MS) this.steps = 0;
    this.lastAt = now;
    const at = this.place;
    if (network || navigator.onLine === false || this.video.error?.code === MediaError.MEDIA_ERR_NETWORK) {
      this.wait();
      return;
    }
    this.steps += 1;
    if (this.steps <= 2) {
      // A browser that says it plays HLS and then does not gets hls.js on the second try.
      if (this.steps === 2 && window.MediaSource) this.native = false;
      this.timer = window.setTimeout(() => this.refresh(at), this.steps === 1 ? 0 : AGAIN_MS);
    } else if (!this.audio && this.addresses.audio_url) {
      this.refresh(at, () => this.fallBackToAudio(at));
    } else {
      this.events.failed();
    }
  }

  private fallBackToAudio(at: number): void {
    this.events.audioOnly();
    this.steps = 0;
    this.audio = true;
    this.start(at);
  }

  /** The line is away: try again when the browser says that it is back, and by ourselves, for it may not know. */
  private wait(): void {
    this.release();
    this.events.waiting();
    const again = (): void => {
      window.removeEventListener("online", again);
      window.clearTimeout(this.timer);
      this.refresh(this.place);
    };
    window.addEventListener("online", again);
    this.timer = window.setTimeout(again, Math.min(LONGEST_WAIT_MS, AGAIN_MS * 2 ** this.waits));
    this.waits += 1;
  }

  /**
   * Signed addresses expire: ask for new ones before going on. Where not even they come, it is the line and not the
   * picture: that try does not count. An answer that refuses them is left to the media's own error.
   */
  private refresh(at: number, then = () => this.start(at)): void {
    if (!this.refreshUrl) {
      then();
      return;
    }
    get<Addresses>(this.refreshUrl).then(
      (fresh) => {
        if (fresh.hls_url) this.addresses = fresh;
        then();
      },
      (error: unknown) => {
        if (error instanceof HttpError && error.lasting) {
          then();
          return;
        }
        this.steps = Math.max(0, this.steps - 1);
        this.wait();
      },
    );
  }
}
