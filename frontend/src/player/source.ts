/**
 * Gets the media to play: hls.js (loaded only then) wherever the browser can be fed by a script, native HLS elsewhere.
 * Two things can go wrong, and they are told apart. The line is away: what is buffered plays out, and the same is tried
 * again until it is back. The browser cannot decode it: recover, another codec, another rung, then the sound alone, and
 * in the end a plain sentence; that is told to those who manage the video, for no patience mends it.
 */
import type { ErrorData } from "hls.js";
import type HlsClass from "hls.js/light";
import { doubled } from "../lib/backoff";
import { isOnline, onConnection } from "../lib/connection";
import { abilities, choose, chooseWithout, loadHls } from "../lib/hls";
import { get, HttpError } from "../lib/http";
import { drewNothing, secondsAhead } from "./buffer";
import { Faults, SAME_FAULT_MS } from "./faults";
import { fetched, isLine } from "./line";
import type { Addresses } from "./page";
import { Standstill } from "./standstill";
import { feed, playAddress } from "./stream";

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

const GONE = 410;
const AGAIN = { first: 2000, longest: 15_000 };
// How near a restarted source must come to the kept place before its own clock is believed again.
const NEAR_MS = 3000;
const LOOK_MS = 1000;
// With less than this ahead the next try cannot wait any longer.
const PLAYED_OUT_S = 2;
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
  private readonly faults = new Faults();
  private readonly standstill = new Standstill();
  private faultTimer = 0;
  private soundByUs = false;
  private hls: HlsClass | null = null;
  private timer = 0;

  constructor(
    private readonly video: HTMLVideoElement,
    private addresses: Addresses,
    private readonly refreshUrl: string,
    private readonly script: string,
    private readonly events: SourceEvents,
    private readonly isLite = false,
  ) {
    this.audio = isLite && addresses.audio_url !== "";
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
    const way = choose(url, abilities(this.video), this.hasSound());
    if (way === "library") {
      this.play();
      void this.startHls(url, at);
    } else {
      this.startWithout(way, url, at);
    }
  }

  setAudio(audio: boolean, at: number): void {
    this.audio = audio;
    this.soundByUs = false;
    this.faults.anew();
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
    this.faults.anew();
    this.refusals = 0;
    this.pictureAgain();
    this.refresh(at);
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
    if (!this.hls || secondsAhead(this.video) > PLAYED_OUT_S) this.lineIs(true);
  }

  /** Some browsers say nothing: what should play and does not has its time, and is begun again. */
  private look(): void {
    const { video } = this;
    const isPaused = video.paused && !video.error;
    const found = this.standstill.look(
      {
        time: video.currentTime,
        isIdle: !this.started || !this.wanted || isPaused || video.ended || this.isCut,
        isBlack: this.isBlack(),
        isReady: video.error !== null || secondsAhead(this.video) > PLAYED_OUT_S,
      },
      LOOK_MS,
    );
    if (found === "fault") this.fault();
    else if (found === "nothing") this.refresh(this.place);
  }

  private isBlack(): boolean {
    if (this.audio || document.hidden || !this.hls?.levels.some((level) => level.width > 0)) return false;
    return drewNothing(this.video);
  }

  /** Sound alone was our decision, not the person's: the picture gets another chance. */
  private pictureAgain(): void {
    if (!this.soundByUs) return;
    this.soundByUs = false;
    this.audio = false;
    this.faults.anew();
    this.events.audioOnly(false);
  }

  /** Sound alone can still be had. */
  private hasSound(): boolean {
    return !this.audio && Boolean(this.addresses.audio_url);
  }

  private startWithout(way: "native" | "sound" | "none", url: string, at: number): void {
    if (way === "native") this.startNative(url, at);
    else if (way === "sound") this.fallBackToAudio();
    else this.events.failed("media");
  }

  // --- native ---------------------------------------------------------------------------------------------------

  private startNative(url: string, at: number): void {
    playAddress(this.video, url, at);
    this.play();
  }

  /** The element gives no reason that can be relied on: where the piece at this place can be fetched, the line is there. */
  private nativeError(): void {
    const code = this.video.error?.code;
    if (!isOnline() || code === MediaError.MEDIA_ERR_NETWORK) {
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
    const Hls = await loadHls(this.script);
    if (attempt !== this.attempt) return;
    if (!Hls?.isSupported()) {
      const way = chooseWithout(Hls ? "unsupported" : "missing", abilities(this.video), this.hasSound());
      if (way === "wait") this.wait();
      else this.startWithout(way, url, at);
      return;
    }
    this.hls = feed(
      this.video,
      Hls,
      { url, at, isLite: this.isLite },
      {
        problem: (hls, problem) => {
          if (this.hls === hls) this.problem(Hls, problem);
        },
        loaded: (hls) => {
          if (this.hls === hls) this.lineIs(true);
        },
      },
    );
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
      const pause = doubled(this.waits, AGAIN);
      this.waits += 1;
      this.timer = window.setTimeout(() => hls.startLoad(), pause);
      if (secondsAhead(this.video) < PLAYED_OUT_S) this.events.waiting();
    } else if (secondsAhead(this.video) > PLAYED_OUT_S) {
      this.timer = window.setTimeout(() => this.stopped(isLine), 1000);
    } else if (isLine) {
      this.wait();
    } else {
      this.refused();
    }
  }

  // --- what goes wrong ------------------------------------------------------------------------------------------

  /** It cannot be decoded: each time the next thing that may help. */
  private fault(): void {
    const { hls } = this;
    const remedy = this.faults.next(Date.now(), hls ? hls.levels.length : null);
    if (remedy === "same") {
      // A moment later it is clear which: told twice, or not mended.
      const attempt = this.attempt;
      window.clearTimeout(this.faultTimer);
      this.faultTimer = window.setTimeout(() => {
        if (attempt === this.attempt && (this.video.error || this.video.readyState < 2)) this.fault();
      }, SAME_FAULT_MS);
    } else if (remedy === "refresh") {
      this.refresh(this.place);
    } else if (remedy === "give_up" || !hls) {
      this.giveUp();
    } else {
      this.restarting = true;
      if (remedy === "lower") hls.removeLevel(Math.max(0, hls.currentLevel >= 0 ? hls.currentLevel : hls.loadLevel));
      else if (remedy === "swap") hls.swapAudioCodec();
      hls.recoverMediaError();
      hls.startLoad(this.place / 1000);
      this.play();
    }
  }

  private giveUp(): void {
    this.events.fault();
    if (this.hasSound()) {
      this.fallBackToAudio();
    } else {
      this.release();
      this.events.failed("media");
    }
  }

  private fallBackToAudio(): void {
    this.events.audioOnly(true);
    this.faults.anew();
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
    this.timer = window.setTimeout(again, doubled(this.waits, AGAIN));
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
