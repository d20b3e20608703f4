/**
 * Gets the media to play: hls.js (loaded only then) wherever the browser can be fed by a script, native HLS elsewhere.
 * Two things can go wrong, and they are told apart. The line is away: what is buffered plays out, and the same is tried
 * again until it is back. The browser cannot decode it: recover, another codec, another rung, then the sound alone, and
 * in the end a plain sentence; that is told to those who manage the video, for no patience mends it.
 */
import type { ErrorData, LoaderResponse, LoadPolicy } from "hls.js";
import type HlsClass from "hls.js/light";
import { onConnection } from "../lib/connection";
import { get, HttpError } from "../lib/http";
import type { Addresses } from "./page";

declare global {
  interface Window {
    Hls?: typeof HlsClass;
  }
}

/** Why there is nothing more to play: not decodable here, signed out, or no longer to be seen. */
export type Failure = "media" | "signed_out" | "gone";

export interface SourceEvents {
  /** Nothing helps any more; `said`: the server's own sentence, where it has one (a lesson that is being changed). */
  failed(why: Failure, said?: string): void;
  /** Sound alone because the picture cannot be shown (true), or the picture is tried again (false). */
  audioOnly(on: boolean): void;
  /** Whether media still comes. While it does not, what is buffered plays on. */
  line(good: boolean): void;
  /** Nothing is left to play, and the line is away. */
  waiting(): void;
  /** This browser cannot decode the picture (or the sound). */
  fault(): void;
}

const HLS_TYPE = "application/vnd.apple.mpegurl";
const GONE = 410;
const AGAIN_MS = 2000;
const LONGEST_WAIT_MS = 15_000;
// How near a restarted source must come to the kept place before its own clock is believed again.
const NEAR_MS = 3000;
// Problems that lie further apart than this are not one problem.
const FORGOTTEN_MS = 60_000;
// One broken piece is told several times: by the element, by the buffer, by the demuxer.
const SAME_FAULT_MS = 700;
// A cut of half a minute must not be noticed: a minute lies ready, at any rung.
const AHEAD_S = 60;
// Enough lies ready, and nothing moves; nothing comes at all; sound goes on, and not one picture was drawn.
const STUCK_MS = 10_000;
const NOTHING_MS = 30_000;
const BLACK_MS = 8000;
const LOOK_MS = 1000;
// With less than this ahead the next try cannot wait any longer.
const PLAYED_OUT_S = 2;
const SERVER_TRIES = 8;

/** Try again for as long as the line is away; an answer that refuses is no line. */
function patient(maxTimeToFirstByteMs: number): LoadPolicy {
  const again = {
    maxNumRetry: SERVER_TRIES,
    retryDelayMs: 1000,
    maxRetryDelayMs: 4000,
    shouldRetry: (_config: unknown, count: number, isTimeout: boolean, answer: LoaderResponse | undefined) =>
      isTimeout || isLine(answer?.code ?? 0, count),
  };
  return { default: { maxTimeToFirstByteMs, maxLoadTimeMs: 45_000, timeoutRetry: again, errorRetry: again } };
}

function isLine(code: number, count = 0): boolean {
  return code === 0 || (code >= 500 && count < SERVER_TRIES);
}

/** Fetch a little of the piece of an HLS list at that second; returns the first status that refuses, or 200. */
async function fetched(url: string, second: number): Promise<number> {
  const answer = await fetch(url, { credentials: "same-origin" });
  if (!answer.ok) return answer.status;
  const lines = (await answer.text()).split("\n").map((line) => line.trim());
  const names = lines.filter((line) => line && line[0] !== "#");
  if (lines.some((line) => line.indexOf("#EXT-X-STREAM-INF") === 0)) {
    return fetched(new URL(names[0] ?? "", url).href, second);
  }
  const lengths = lines
    .filter((line) => line.indexOf("#EXTINF:") === 0)
    .map((line) => Number.parseFloat(line.slice(8)));
  let [index, end] = [0, lengths[0] ?? 0];
  while (end <= second && index < names.length - 1) {
    index += 1;
    end += lengths[index] ?? 0;
  }
  const piece = new URL(names[index] ?? "", url).href;
  return (await fetch(piece, { credentials: "same-origin", headers: { Range: "bytes=0-99" } })).status;
}

function canBeFed(): boolean {
  return Boolean(window.MediaSource) || "ManagedMediaSource" in window;
}

export class Source {
  audio = false;
  /** The person wants it to play: a repaired source goes on by itself, a paused one stays paused. */
  wanted = true;
  /** The line is away; what is buffered plays on. */
  isCut = false;
  /**
   * The last place that was reached, in ms. Kept here and not read from the video: a source that is put in anew begins
   * at 0, and a report or a second attempt made in that moment would throw the person back to the beginning.
   */
  place = 0;
  private restarting = false;
  private started = false;
  private attempt = 0;
  private waits = 0;
  private refusals = 0;
  private faults = 0;
  private faultAt = 0;
  private faultTimer = 0;
  private soundByUs = false;
  private lastTime = -1;
  private stillMs = 0;
  private blackMs = 0;
  private hls: HlsClass | null = null;
  private timer = 0;

  constructor(
    private readonly video: HTMLVideoElement,
    private addresses: Addresses,
    private readonly refreshUrl: string,
    private readonly script: string,
    private readonly events: SourceEvents,
  ) {
    video.addEventListener("error", () => {
      if (this.hls) this.fault();
      else if (video.getAttribute("src")) this.nativeError();
    });
    video.addEventListener("timeupdate", () => this.reached());
    video.addEventListener("playing", () => {
      this.waits = 0;
      this.refusals = 0;
      this.reached();
      // It began elsewhere than at the kept place.
      if (this.restarting && this.place < (video.duration || 0) * 1000) video.currentTime = this.place / 1000;
    });
    onConnection((online) => (online ? this.returned() : this.lineIs(false)));
    window.setInterval(() => this.look(), LOOK_MS);
  }

  /** The person (or another phone's place) chose where to go on. */
  moveTo(at: number): void {
    this.place = at;
    if (this.started && !this.video.readyState) this.start(at);
    else this.video.currentTime = at / 1000;
  }

  /** Load and play from `at` ms. Asks to play within the tap: iOS wants it there. */
  start(at: number): void {
    this.release();
    this.started = true;
    this.place = at;
    this.restarting = true;
    const url = this.audio ? this.addresses.audio_url : this.addresses.hls_url;
    const isList = /\.m3u8(\?|$)/.test(url);
    if (isList && canBeFed()) {
      this.play();
      void this.startHls(url, at);
    } else if (!isList || this.video.canPlayType(HLS_TYPE)) {
      this.startNative(url, at);
    } else if (!this.audio && this.addresses.audio_url) {
      // Old WebViews play no HLS at all, but a plain sound file they do.
      this.fallBackToAudio();
    } else {
      this.events.failed("media");
    }
  }

  setAudio(audio: boolean, at: number): void {
    this.audio = audio;
    this.soundByUs = false;
    this.faults = 0;
    this.start(at);
  }

  /** What plays here is not to be seen any more. */
  stop(): void {
    this.wanted = false;
    this.release();
    this.video.pause();
  }

  /** Begin again after `failed`. */
  again(at: number): void {
    this.faults = 0;
    this.refusals = 0;
    this.pictureAgain();
    this.refresh(at);
  }

  /** How many seconds lie ready after the place that is playing. */
  ahead(): number {
    const { buffered, currentTime } = this.video;
    for (let index = 0; index < buffered.length; index += 1) {
      if (buffered.start(index) <= currentTime + 0.5 && buffered.end(index) > currentTime) {
        return buffered.end(index) - currentTime;
      }
    }
    return 0;
  }

  private play(): void {
    if (!this.wanted) return;
    const promise = this.video.play();
    // Refused without a tap: the big button is there for that (the pause event shows it).
    if (promise) promise.catch(() => undefined);
  }

  private lineIs(good: boolean): void {
    if (this.isCut !== good) return;
    this.isCut = !good;
    this.events.line(good);
  }

  /** The browser says that the line is back. */
  private returned(): void {
    if (this.soundByUs) {
      this.pictureAgain();
      this.start(this.place);
    } else if (this.hls?.levels.length) {
      this.hls.startLoad();
    }
    if (!this.hls || this.ahead() > PLAYED_OUT_S) this.lineIs(true);
  }

  /** Some browsers say nothing: what should play and does not has its time, and is begun again. */
  private look(): void {
    const { video } = this;
    const moves = video.currentTime !== this.lastTime;
    this.lastTime = video.currentTime;
    const isPaused = video.paused && !video.error;
    const isIdle = !this.started || !this.wanted || isPaused || video.ended || this.isCut;
    this.stillMs = moves || isIdle ? 0 : this.stillMs + LOOK_MS;
    this.blackMs = moves && !isIdle && this.isBlack() ? this.blackMs + LOOK_MS : 0;
    if (this.blackMs > BLACK_MS || (this.stillMs > STUCK_MS && (video.error || this.ahead() > PLAYED_OUT_S))) {
      this.stillMs = this.blackMs = 0;
      this.fault();
    } else if (this.stillMs > NOTHING_MS) {
      this.stillMs = 0;
      this.refresh(this.place);
    }
  }

  private isBlack(): boolean {
    if (this.audio || document.hidden || !this.hls?.levels.some((level) => level.width > 0)) return false;
    const quality = this.video.getVideoPlaybackQuality?.();
    return quality !== undefined && quality.totalVideoFrames === quality.droppedVideoFrames;
  }

  /** Sound alone was our decision, not the person's: the picture gets another chance. */
  private pictureAgain(): void {
    if (!this.soundByUs) return;
    this.soundByUs = false;
    this.audio = false;
    this.faults = 0;
    this.events.audioOnly(false);
  }

  // --- native ---------------------------------------------------------------------------------------------------

  private startNative(url: string, at: number): void {
    const { video } = this;
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

  /** The element gives no reason that can be relied on: where the piece at this place can be fetched, the line is there. */
  private nativeError(): void {
    const code = this.video.error?.code;
    if (navigator.onLine === false || code === MediaError.MEDIA_ERR_NETWORK) {
      this.wait();
      return;
    }
    const attempt = this.attempt;
    fetched(this.video.currentSrc || this.video.src, this.place / 1000).then(
      (status) => {
        if (attempt !== this.attempt) return;
        if (status < 400) this.fault();
        else if (isLine(status)) this.wait();
        else this.refused();
      },
      () => {
        if (attempt === this.attempt) this.wait();
      },
    );
  }

  // --- hls.js ---------------------------------------------------------------------------------------------------

  private async startHls(url: string, at: number): Promise<void> {
    const attempt = this.attempt;
    const Hls = await this.library();
    if (attempt !== this.attempt) return;
    if (!Hls?.isSupported()) {
      if (this.video.canPlayType(HLS_TYPE)) this.startNative(url, at);
      else if (!Hls) this.wait();
      else if (!this.audio && this.addresses.audio_url) this.fallBackToAudio();
      else this.events.failed("media");
      return;
    }
    const hls = new Hls({
      startPosition: at / 1000,
      // Start low and go up: a picture soon, a sharp one when the line carries it.
      startLevel: 0,
      abrEwmaDefaultEstimate: 300_000,
      capLevelToPlayerSize: true,
      maxBufferLength: AHEAD_S,
      maxMaxBufferLength: AHEAD_S,
      backBufferLength: 30,
      enableWorker: false,
      manifestLoadPolicy: patient(10_000),
      playlistLoadPolicy: patient(10_000),
      fragLoadPolicy: patient(10_000),
    });
    this.hls = hls;
    hls.on(Hls.Events.ERROR, (_event, problem) => {
      if (this.hls === hls) this.problem(Hls, problem);
    });
    for (const event of [Hls.Events.MANIFEST_LOADED, Hls.Events.LEVEL_LOADED, Hls.Events.FRAG_LOADED]) {
      hls.on(event, () => {
        if (this.hls === hls) this.lineIs(true);
      });
    }
    hls.loadSource(url);
    hls.attachMedia(this.video);
    this.play();
  }

  private problem(Hls: typeof HlsClass, problem: ErrorData): void {
    const code = problem.response?.code ?? 0;
    if (problem.type === Hls.ErrorTypes.NETWORK_ERROR) {
      if (isLine(code)) this.lineIs(false);
      if (problem.fatal) this.stopped(isLine(code));
    } else if (problem.fatal) {
      // A standstill in the middle of a good buffer is not what the file looks like.
      if (problem.details === Hls.ErrorDetails.BUFFER_STALLED_ERROR) this.start(this.place);
      else this.fault();
    }
  }

  /** Loading has ended for good. What is buffered plays on; then, or as soon as the line is back, it is begun again. */
  private stopped(isLine: boolean): void {
    window.clearTimeout(this.timer);
    const { hls } = this;
    if (isLine && hls?.levels.length) {
      const pause = Math.min(LONGEST_WAIT_MS, AGAIN_MS * 2 ** this.waits);
      this.waits += 1;
      this.timer = window.setTimeout(() => hls.startLoad(), pause);
      if (this.ahead() < PLAYED_OUT_S) this.events.waiting();
    } else if (this.ahead() > PLAYED_OUT_S) {
      this.timer = window.setTimeout(() => this.stopped(isLine), 1000);
    } else if (isLine) {
      this.wait();
    } else {
      this.refused();
    }
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

  // --- what goes wrong ------------------------------------------------------------------------------------------

  /** It cannot be decoded: each time the next thing that may help. */
  private fault(): void {
    const now = Date.now();
    if (now - this.faultAt < SAME_FAULT_MS) {
      // The same one once more, or the attempt to mend it has failed at once: a moment later it is clear which.
      const attempt = this.attempt;
      window.clearTimeout(this.faultTimer);
      this.faultTimer = window.setTimeout(() => {
        if (attempt === this.attempt && (this.video.error || this.video.readyState < 2)) this.fault();
      }, SAME_FAULT_MS);
      return;
    }
    if (now - this.faultAt > FORGOTTEN_MS) this.faults = 0;
    this.faultAt = now;
    this.faults += 1;
    const { hls } = this;
    if (!hls) {
      if (this.faults === 1) this.refresh(this.place);
      else this.giveUp();
      return;
    }
    this.restarting = true;
    if (this.faults > 2) {
      if (hls.levels.length < 2) {
        this.giveUp();
        return;
      }
      hls.removeLevel(Math.max(0, hls.currentLevel >= 0 ? hls.currentLevel : hls.loadLevel));
    } else if (this.faults === 2) {
      hls.swapAudioCodec();
    }
    hls.recoverMediaError();
    hls.startLoad(this.place / 1000);
    this.play();
  }

  private giveUp(): void {
    this.events.fault();
    if (!this.audio && this.addresses.audio_url) {
      this.fallBackToAudio();
    } else {
      this.release();
      this.events.failed("media");
    }
  }

  private fallBackToAudio(): void {
    this.events.audioOnly(true);
    this.faults = 0;
    this.soundByUs = true;
    this.audio = true;
    this.start(this.place);
  }

  /** An answer that refuses: the addresses have run out, or the person may not any more. The page's address knows. */
  private refused(): void {
    this.refusals += 1;
    if (this.refusals > 2) {
      this.release();
      this.events.failed("gone");
    } else {
      this.refresh(this.place);
    }
  }

  private release(): void {
    window.clearTimeout(this.timer);
    this.attempt += 1;
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

  /** The line is away: try again when the browser says that it is back, and by ourselves, for it may not know. */
  private wait(): void {
    this.release();
    this.lineIs(false);
    this.events.waiting();
    const attempt = this.attempt;
    const again = (): void => {
      window.removeEventListener("online", again);
      if (attempt !== this.attempt) return;
      window.clearTimeout(this.timer);
      this.refresh(this.place);
    };
    window.addEventListener("online", again);
    this.timer = window.setTimeout(again, Math.min(LONGEST_WAIT_MS, AGAIN_MS * 2 ** this.waits));
    this.waits += 1;
  }

  /** Signed addresses expire: ask for new ones before going on. Where not even they come, it is the line. */
  private refresh(at: number): void {
    if (!this.refreshUrl) {
      this.start(at);
      return;
    }
    get<Addresses>(this.refreshUrl).then(
      (fresh) => {
        if (fresh.hls_url) this.addresses = fresh;
        this.start(at);
      },
      (error: unknown) => {
        if (!(error instanceof HttpError && error.lasting)) {
          this.wait();
          return;
        }
        this.release();
        if (error.status === 401) this.events.failed("signed_out");
        else this.events.failed("gone", error.status === GONE ? error.message : undefined);
      },
    );
  }
}
