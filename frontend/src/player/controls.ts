/** Buttons, keys and what the screen says. */
import { clock } from "../lib/clock";
import { floating } from "../lib/floating";
import { byId, optional, write } from "../lib/page";
import type { PlayerWords } from "../lib/sentences";
import { recall, remember } from "../lib/storage";
import { fill } from "../lib/words";
import type { Keeping } from "./ledger";
import type { PlayerData } from "./page";
import type { Failure, Source } from "./source";

export interface Acts {
  start(): void;
  seekTo(ms: number): void;
  position(): number;
  again(): void;
  /** Where to go on after the end: the first part that was never seen (ms), or -1. */
  gap(): number;
}

interface OldFullscreen {
  webkitRequestFullscreen?: () => void;
  webkitEnterFullscreen?: () => void;
  webkitExitFullscreen?: () => void;
  webkitFullscreenElement?: Element | null;
}

const FAILED: Record<Failure, keyof PlayerWords> = {
  media: "failed_media",
  signed_out: "failed_signed_out",
  gone: "failed_gone",
};
const SAID_MS = 4000;
const JUMP_MS = 10_000;
const SPEED = "speed";

export class Controls {
  private readonly screen = byId("player-screen");
  private readonly go = byId<HTMLButtonElement>("player-go");
  private readonly toggleKey = byId<HTMLButtonElement>("player-toggle");
  private readonly seek = byId<HTMLInputElement>("player-seek");
  private readonly saying = byId("player-say");
  private readonly goWords = byId("player-go-words");
  private readonly soundOnly = optional<HTMLButtonElement>("player-sound-only");
  private readonly showFloat: (wanted: boolean) => void;
  private isAudio = false;
  private timer = 0;
  private broken = false;
  private signedOut = false;
  private mustSignIn = false;
  private dragging = false;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly source: Source,
    private readonly data: PlayerData,
    private readonly acts: Acts,
  ) {
    this.showFloat = floating(video, byId("player-float"));
    byId("player-all").textContent = clock(data.duration_ms);
    this.showPlace(data.position_ms < data.duration_ms - 3000 ? data.position_ms : 0);
    this.buttons();
    this.slider();
    this.keys();
    this.follow();
    const inputs = this.screen.querySelectorAll<HTMLButtonElement | HTMLInputElement | HTMLSelectElement>("[disabled]");
    for (const input of Array.from(inputs)) input.disabled = false;
  }

  /** A sentence over the picture; `passing` ones go by themselves. */
  say(text: string, passing = false): void {
    window.clearTimeout(this.timer);
    this.saying.textContent = text;
    this.saying.classList.toggle("on", text !== "");
    if (passing) this.timer = window.setTimeout(() => this.say(""), SAID_MS);
  }

  /** Nothing to play any more: why, and the button that tries again. Both stand below each other, whatever their size. */
  fail(why: Failure, said?: string): void {
    this.broken = true;
    this.screen.classList.add("failed");
    this.say(said ?? fill(this.data.words, FAILED[why]));
    this.goWords.textContent = fill(this.data.words, "again");
    this.go.hidden = false;
    this.showBack(why === "gone");
    this.signedOut = why === "signed_out";
    this.showSignIn();
  }

  /** The line is away and the buffer plays on: a dot, nothing more. */
  line(good: boolean): void {
    byId("player-dot").hidden = good;
  }

  showAudio(audio: boolean, why = ""): void {
    this.isAudio = audio;
    this.showFloat(!audio);
    this.screen.classList.toggle("audio-only", audio);
    byId("player-audio").hidden = !audio;
    this.soundOnly?.setAttribute("aria-pressed", String(audio));
    if (this.soundOnly) this.soundOnly.textContent = fill(this.data.words, audio ? "audio_off" : "audio_on");
    this.say(why, true);
  }

  /** How the learning record fares, in words below the map; `notice` is what the server says about what it keeps. */
  keeping(state: Keeping | "not_recorded", why: string, notice: string): void {
    this.mustSignIn = state === "signed_out";
    this.showSignIn();
    const text = state === "saved" && notice ? notice : state === "idle" ? "" : fill(this.data.words, state, { why });
    write(byId("player-state"), text);
  }

  /** From the lock screen: its two keys, whatever the page shows. */
  play(): void {
    if (this.video.paused) this.toggle();
  }

  pause(): void {
    if (!this.video.paused) this.toggle();
  }

  private showBack(on: boolean): void {
    const back = optional<HTMLElement>("player-back");
    if (back) back.hidden = !on;
  }

  private showSignIn(): void {
    byId("player-signin").hidden = !this.signedOut && !this.mustSignIn;
  }

  private toggle(): void {
    const video = this.video;
    if (this.broken) {
      this.broken = false;
      this.signedOut = false;
      this.screen.classList.remove("failed");
      this.say("");
      this.go.hidden = true;
      this.goWords.textContent = fill(this.data.words, "go_on");
      this.showBack(false);
      this.source.wanted = true;
      this.acts.again();
      return;
    }
    const gap = video.ended ? this.acts.gap() : -1;
    if (gap >= 0) {
      this.source.wanted = true;
      this.acts.seekTo(gap);
      video.play().catch(() => undefined);
      return;
    }
    this.source.wanted = video.paused;
    this.acts.start();
    if (video.paused && video.readyState) video.play().catch(() => undefined);
    else if (!video.paused && !this.source.wanted) video.pause();
  }

  private buttons(): void {
    this.go.addEventListener("click", () => this.toggle());
    this.toggleKey.addEventListener("click", () => this.toggle());
    this.video.addEventListener("click", () => this.toggle());
    const speed = byId<HTMLSelectElement>("player-speed");
    // As it was chosen last on this phone, in whatever lesson.
    const kept = String(recall("localStorage", SPEED, 1));
    if (Array.from(speed.options).some((option) => option.value === kept)) speed.value = kept;
    const apply = (): void => {
      this.video.defaultPlaybackRate = Number(speed.value);
      this.video.playbackRate = Number(speed.value);
    };
    apply();
    speed.addEventListener("change", () => {
      remember("localStorage", SPEED, Number(speed.value));
      apply();
    });
    // A new source starts at normal speed in some browsers.
    this.video.addEventListener("loadedmetadata", apply);
    this.soundOnly?.addEventListener("click", () => {
      const audio = !this.source.audio;
      this.showAudio(audio);
      const at = this.acts.position();
      this.source.audio = audio;
      if (this.video.readyState || !this.video.paused) this.source.setAudio(audio, at);
      else this.toggle();
    });
    byId("player-full").addEventListener("click", () => this.fullscreen());
  }

  private slider(): void {
    this.seek.addEventListener("input", () => {
      this.dragging = true;
      byId("player-now").textContent = clock(Number(this.seek.value));
    });
    this.seek.addEventListener("change", () => {
      this.dragging = false;
      this.acts.seekTo(Number(this.seek.value));
    });
  }

  private keys(): void {
    this.screen.addEventListener("keydown", (event) => {
      const tag = (event.target as HTMLElement).tagName;
      if (event.ctrlKey || event.metaKey || event.altKey || tag === "SELECT") return;
      if ((event.key === " " && tag !== "BUTTON") || event.key === "k") this.toggle();
      else if (event.key === "f") this.fullscreen();
      else if (event.key === "ArrowLeft") this.acts.seekTo(this.acts.position() - JUMP_MS);
      else if (event.key === "ArrowRight") this.acts.seekTo(this.acts.position() + JUMP_MS);
      else return;
      event.preventDefault();
    });
  }

  private follow(): void {
    const video = this.video;
    const shown = (): void => {
      const playing = !video.paused && !video.ended;
      this.screen.classList.toggle("playing", playing);
      this.toggleKey.setAttribute("aria-label", fill(this.data.words, playing ? "pause" : "play"));
      if (!this.broken) this.go.hidden = playing || this.source.wanted === false;
    };
    for (const event of ["play", "playing", "pause", "ended"]) video.addEventListener(event, shown);
    video.addEventListener("play", () => {
      if (this.broken) return;
      this.goWords.textContent = fill(this.data.words, "go_on");
      this.say(fill(this.data.words, this.source.isCut ? "waiting" : "loading"));
    });
    video.addEventListener("loadedmetadata", () => this.showFloat(!this.isAudio));
    video.addEventListener("waiting", () => this.say(fill(this.data.words, this.source.isCut ? "waiting" : "stalled")));
    video.addEventListener("playing", () => this.say(""));
    video.addEventListener("ended", () => {
      this.say(fill(this.data.words, "ended"));
      this.goWords.textContent = fill(this.data.words, this.acts.gap() >= 0 ? "from_gap" : "once_more");
    });
    video.addEventListener("timeupdate", () => {
      if (!this.dragging) this.showPlace(video.currentTime * 1000);
    });
  }

  private showPlace(ms: number): void {
    const now = byId("player-now");
    if (now.textContent === clock(ms)) return;
    now.textContent = clock(ms);
    this.seek.value = String(ms);
    this.seek.setAttribute("aria-valuetext", `${clock(ms)} / ${clock(this.data.duration_ms)}`);
  }

  private fullscreen(): void {
    const page = document as Document & OldFullscreen;
    const screen = this.screen as HTMLElement & OldFullscreen;
    const video = this.video as HTMLVideoElement & OldFullscreen;
    if (page.fullscreenElement) void page.exitFullscreen();
    else if (page.webkitFullscreenElement) page.webkitExitFullscreen?.();
    else if (screen.requestFullscreen) void screen.requestFullscreen();
    else if (screen.webkitRequestFullscreen) screen.webkitRequestFullscreen();
    else video.webkitEnterFullscreen?.();
  }
}
