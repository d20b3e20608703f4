/** The member's room. */

import { deviceId } from "../lib/device";
import type { ChatEvent, JoinedFrame, RoomEvent, ServerFrame, TickFrame } from "../lib/frames";
import { get } from "../lib/http";
import { Outbox } from "../lib/outbox";
import { Chat } from "./chat";
import { Screen, type ScreenState } from "./screen";
import { type ClosedWhy, type Line, RoomLine } from "./socket";
import { byId, clock, fill, readData, type Words } from "./words";

/** What the lecture was for this member, in words; `settled`: it will not change by itself any more. */
interface Mine {
  settled: boolean;
  owed: boolean;
  text: string;
}

interface RoomState {
  state: string;
  seq: number;
  mine: Mine | null;
  now: number;
  starts_at: number;
  ends_at: number;
  undone_until: number | null;
  void_reason: string;
  live_at: number | null;
  hls_url: string;
  hls_audio_url: string;
  chat: ChatEvent[];
}

interface RoomData extends RoomState {
  occasion: number;
  you: number;
  owner: string;
  counted: boolean;
  urls: { state: string; ticket: string; outbox: string; socket: string; replay: string };
  words: Words;
}

const LEAST_OUTAGE_MS = 1000;
const ENTRY_SPREAD_MS = 2000;
// After the end everybody wants to know: asked by each phone at a moment of its own, ever more seldom.
const MINE_FIRST_MS = 12_000;
const MINE_AGAIN_MS = 20_000;
const MINE_TIMES = 12;

class Room {
  private readonly data = readData<RoomData>("room-data");
  private readonly words = this.data.words;
  private readonly video = byId<HTMLVideoElement>("video");
  private readonly cover = byId("cover");
  private readonly coverText = byId("cover-text");
  private readonly tap = byId<HTMLButtonElement>("tap");
  private readonly status = byId("status");
  private readonly screen: Screen;
  private readonly chat: Chat;
  private readonly line: RoomLine;
  private readonly outbox: Outbox;
  private state = this.data.state;
  private lineWord: Line = "connecting";
  private counted = false;
  private seq = -1;
  private media: ScreenState = "idle";
  private liveAt = this.data.live_at;
  private clockMs = this.data.now;
  private clockAt = performance.now();
  private hand = false;
  private outage: { from: number; until: number } | null = null;
  private wakeLock: { release(): Promise<void> } | null = null;
  private catching = false;
  private voidReason = this.data.void_reason;
  private mine = this.data.mine;
  private undoneUntil = this.data.undone_until;
  private mineAsked = 0;
  private mineTimer = 0;

  constructor() {
    const root = byId("room");
    this.screen = new Screen(this.video, root.dataset.hls ?? "", {
      send: (command) => this.line.send(command),
      state: (state) => this.mediaState(state),
      refresh: () => get<RoomState>(this.data.urls.state),
    });
    this.line = new RoomLine(this.data.urls, {
      frame: (frame) => this.heard(frame),
      refused: (frame) => {
        this.chat.refused(frame);
      },
      line: (line, why) => this.lineChanged(line, why),
      joined: (frame) => this.joined(frame),
    });
    this.chat = new Chat({
      you: this.data.you,
      keep: `chat-${this.data.owner}-${this.data.occasion}`,
      words: this.words,
      send: (command) => this.line.send(command),
    });
    this.outbox = new Outbox({ owner: this.data.owner });
  }

  start(): void {
    // The lecturer looks at their own lecture: without hearing themselves.
    this.video.muted = location.hash === "#quiet";
    this.chat.addAll(this.data.chat);
    this.buttons();
    this.show();
    window.setInterval(() => this.everySecond(), 1000);
    if (this.over()) {
      this.chat.close();
      this.askMine();
      // Something may still come: the replay, or the lecture itself, whose end can be undone for ten minutes.
      if (this.state !== "ended" && (this.undoneUntil ?? 0) < this.data.now) return;
    }
    this.line.start();
  }

  private over(): boolean {
    return this.state !== "scheduled" && this.state !== "live";
  }

  private buttons(): void {
    this.tap.addEventListener("click", () => this.screen.tapped());
    const sound = byId<HTMLButtonElement>("sound-only");
    sound.addEventListener("click", () => {
      const on = !this.screen.audioOnly;
      sound.classList.toggle("on", on);
      sound.textContent = fill(this.words, on ? "picture_again" : "sound_only");
      this.screen.setAudioOnly(on);
      this.show();
    });
    byId("full").addEventListener("click", () => this.fullScreen());
    byId("here-step").addEventListener("click", () => location.reload());
    const hand = byId<HTMLButtonElement>("hand");
    hand.addEventListener("click", () => {
      if (this.line.send({ t: "hand", up: !this.hand })) this.raised(!this.hand);
    });
    for (const tab of ["chat", "people"]) byId(`tab-${tab}`).addEventListener("click", () => this.openTab(tab));
    document.addEventListener("visibilitychange", () => this.visibility());
    window.addEventListener("pagehide", () => this.closeOutage());
    window.addEventListener("resize", () => this.fit());
    this.fit();
  }

  /** The phone's bars come and go: the page is as high as what is left. */
  private fit(): void {
    document.documentElement.style.setProperty("--room-height", `${window.innerHeight}px`);
  }

  private openTab(open: string): void {
    for (const tab of ["chat", "people"]) {
      byId(`tab-${tab}`).setAttribute("aria-selected", String(tab === open));
      byId(`panel-${tab}`).hidden = tab !== open;
    }
  }

  private fullScreen(): void {
    const video = this.video as HTMLVideoElement & { webkitEnterFullscreen?: () => void };
    if (document.fullscreenElement) void document.exitFullscreen();
    else if (video.requestFullscreen) video.requestFullscreen().catch(() => undefined);
    else video.webkitEnterFullscreen?.();
  }

  private raised(up: boolean): void {
    this.hand = up;
    byId("hand").textContent = fill(this.words, up ? "hand_down" : "hand");
    this.show();
  }

  private visibility(): void {
    if (document.visibilityState === "hidden") {
      this.line.send({ t: "hide", sound: this.screen.hasSound() });
    } else {
      this.line.send({ t: "show" });
      void this.stayAwake();
    }
  }

  private async stayAwake(): Promise<void> {
    const api = (navigator as Navigator & { wakeLock?: { request(type: "screen"): Promise<never> } }).wakeLock;
    if (!api || this.state !== "live" || document.visibilityState !== "visible") return;
    try {
      this.wakeLock = await api.request("screen");
    } catch {
      this.wakeLock = null; // Battery saving, or not allowed: the phone may lock, and says so honestly.
    }
  }

  // --- what the room says ---------------------------------------------------------------------------------------

  private joined(frame: JoinedFrame): void {
    this.clockMs = frame.at;
    this.clockAt = performance.now();
    this.closeOutage();
    this.counted = frame.counted;
    // The page itself may be old: kept by the browser, or drawn a moment before something was said.
    const first = this.seq < 0;
    const missed = !first || frame.seq !== this.data.seq || frame.state !== this.data.state;
    this.seq = frame.seq;
    this.people(frame.people);
    this.chat.mute(frame.muted);
    this.chat.resend();
    if (this.hand) this.line.send({ t: "hand", up: true });
    if (document.visibilityState === "hidden") this.line.send({ t: "hide", sound: this.screen.hasSound() });
    this.screen.airs(frame.picture);
    const was = this.state;
    this.setState(frame.state);
    // Where it has just become live, setState began the picture.
    if (this.state === "live" && was === "live") {
      if (this.media === "playing") this.screen.resume();
      else this.screen.start();
    }
    // Those who enter do not ask in one moment.
    if (missed && first) window.setTimeout(() => void this.catchUp(), Math.random() * ENTRY_SPREAD_MS);
    else if (missed) void this.catchUp();
  }

  private heard(frame: ServerFrame): void {
    if (frame.t === "tick") this.tick(frame);
    else if (frame.t === "counted") this.counted = frame.on;
    else if (frame.t === "ack") this.chat.acknowledged(frame.id, frame.message);
    else if (frame.t === "media") this.screen.chosen(frame.via, frame.ice);
    else if (frame.t === "offer") void this.screen.offered(frame.sdp);
    else if (frame.t === "link" && frame.pc === "sub") this.screen.link(frame.state);
    this.show();
  }

  private tick(frame: TickFrame): void {
    if (frame.seq > this.seq + 1 && this.seq >= 0) void this.catchUp();
    this.seq = Math.max(this.seq, frame.seq);
    this.people(frame.people);
    for (const event of frame.events) this.event(event);
    if (frame.left_out > 0) this.chat.leftOut(frame.left_out);
  }

  private event(event: RoomEvent): void {
    if (event.t === "chat") this.chat.add(event);
    else if (event.t === "hidden") this.chat.hide(event.message);
    else if (event.t === "state") this.setState(event.state);
    else if (event.t === "picture") this.screen.picture(event.on);
    // What is said to one person is heard by every host, too: also by one who sits here among the members.
    else if ("member" in event && event.member !== this.data.you) return;
    else if (event.t === "muted") this.chat.mute(event.on);
    else if (event.t === "hand") this.raised(event.up);
  }

  private setState(state: string): void {
    const was = this.state;
    this.state = state;
    if (state === "live" && was !== "live") {
      this.liveAt = this.now();
      this.screen.start();
      void this.stayAwake();
      this.chat.open();
      if (was !== "scheduled") void this.catchUp();
    } else if (state !== "live" && was === "live") {
      this.screen.stop();
      void this.wakeLock?.release().catch(() => undefined);
    }
    if (this.over()) {
      this.chat.close();
      if (state !== was) this.askMine();
    }
    if (state === "void" && was !== "void") void this.catchUp();
    this.show();
  }

  /** A hole in the sequence, or a return: one GET tells what was missed. */
  private async catchUp(): Promise<void> {
    if (this.catching) return;
    this.catching = true;
    try {
      const state = await get<RoomState>(this.data.urls.state);
      this.chat.addAll(state.chat);
      this.liveAt = state.live_at;
      this.voidReason = state.void_reason;
      this.mine = state.mine;
      this.undoneUntil = state.undone_until;
      this.setState(state.state);
    } catch {
      // The next gap, or the next return, asks again.
    } finally {
      this.catching = false;
    }
  }

  /** What it was for me: settled some time after the end, and asked until it is. */
  private askMine(): void {
    window.clearTimeout(this.mineTimer);
    if (!this.data.counted || this.mine?.settled || this.mineAsked >= MINE_TIMES) return;
    const pause = this.mineAsked ? MINE_AGAIN_MS * Math.min(this.mineAsked, 4) : MINE_FIRST_MS;
    this.mineTimer = window.setTimeout(
      () => {
        if (!this.over()) return;
        this.mineAsked += 1;
        void this.catchUp().then(() => this.askMine());
      },
      pause * (0.25 + Math.random()),
    );
  }

  // --- the line -------------------------------------------------------------------------------------------------

  private lineChanged(line: Line, why?: ClosedWhy): void {
    const was = this.lineWord;
    this.lineWord = line;
    if (was === "good" || was === "weak") {
      if (line !== "good" && line !== "weak") this.openOutage();
    }
    if (line === "closed") {
      this.screen.stop();
      this.chat.close();
      this.closeOutage();
      if (why === "cancelled") this.state = "cancelled";
      this.closed(why);
    }
    this.show();
  }

  /** Out of the room: why, and the way back in where there is one. What others said is not for the next holder. */
  private closed(why?: ClosedWhy): void {
    if (why === "signed_out" || why === "rights") this.chat.clear();
    const kept = this.outbox.waiting() > 0;
    if (why === "signed_out") this.say(kept ? "signed_out_kept" : "signed_out");
    else if (why === "elsewhere") this.say("elsewhere");
    else this.say(why === "removed" ? "other_place" : why === "rights" ? "no_right" : "");
    byId("signin-step").hidden = why !== "signed_out";
    byId("here-step").hidden = why !== "elsewhere";
  }

  /** The line broke: what the phone goes on playing from its buffer is remembered, on the server's clock. */
  private openOutage(): void {
    if (this.counted && this.state === "live" && this.line.lastHeard()) {
      this.screen.advanced();
      this.outage = { from: this.line.lastHeard(), until: this.line.lastHeard() };
    }
    this.counted = false;
  }

  private closeOutage(): void {
    const outage = this.outage;
    this.outage = null;
    if (!outage || outage.until - outage.from < LEAST_OUTAGE_MS) return;
    const body = { device: deviceId(), from_ms: Math.round(outage.from), to_ms: Math.round(outage.until) };
    this.outbox.add(this.data.urls.outbox, body);
  }

  private now(): number {
    return this.clockMs + performance.now() - this.clockAt;
  }

  private everySecond(): void {
    const heard = document.visibilityState === "visible" || this.screen.hasSound();
    if (this.outage && heard && this.screen.advanced()) this.outage.until = this.now();
    this.show();
  }

  // --- what the page shows --------------------------------------------------------------------------------------

  private mediaState(state: ScreenState): void {
    this.media = state;
    this.show();
  }

  private people(count: number): void {
    byId("people-tab").textContent = fill(this.words, "people", { n: count });
    byId("people-count").textContent = fill(this.words, "people_say", { n: count });
  }

  private say(key: string, values: Record<string, string | number> = {}): void {
    const text = fill(this.words, key, values);
    if (this.coverText.textContent !== text) this.coverText.textContent = text;
  }

  private show(): void {
    this.showStatus();
    this.showCover();
    // A stopped page has no picture: nothing to touch, no clock that goes on.
    const live = this.state === "live" && this.lineWord !== "closed";
    byId<HTMLButtonElement>("hand").disabled = this.lineWord === "closed";
    byId("live-mark").hidden = !live;
    byId("sound-only").hidden = !live;
    byId("full").hidden = !live;
    if (live && this.liveAt) {
      byId("live-time").textContent = fill(this.words, "live_for", { time: clock(this.now() - this.liveAt) });
    }
    const closed = this.lineWord === "closed" && !this.over();
    byId("after").hidden = !this.over() && !closed;
    byId("replay-step").hidden = this.state !== "recorded" || closed;
    byId("replay-step").className = this.mine?.owed ? "btn" : "btn quiet";
    const mine = this.over() && this.mine ? this.mine.text + this.mayResume() : "";
    if (byId("mine").textContent !== mine) byId("mine").textContent = mine;
    document.body.classList.toggle("room-over", this.over());
  }

  /** What is said of a lecture whose end can still be undone is not the last word. */
  private mayResume(): string {
    const left = (this.undoneUntil ?? 0) - this.now();
    return left > 0 ? fill(this.words, "may_resume", { m: Math.ceil(left / 60_000) }) : "";
  }

  private showStatus(): void {
    const key = this.statusKey();
    const text = key ? fill(this.words, key) : "";
    if (this.status.textContent !== text) this.status.textContent = text;
    this.status.className = `room-status ${this.lineWord === "good" ? "good" : this.lineWord === "closed" ? "" : "off"}`;
  }

  private statusKey(): string {
    if (this.over()) return "";
    const words: Partial<Record<Line, string>> = {
      connecting: "connecting",
      weak: "weak",
      reconnecting: "reconnecting",
      offline: "offline",
      full: "full",
      closed: "",
    };
    if (this.lineWord !== "good") return words[this.lineWord] ?? "";
    if (!this.data.counted) return "good_uncounted";
    if (this.hand) return "hand_up";
    if (this.state === "scheduled") return "waiting_room";
    return this.counted ? "good" : document.visibilityState === "hidden" ? "hidden" : "connecting";
  }

  private showCover(): void {
    this.tap.hidden = !(this.state === "live" && this.media === "blocked");
    this.video.hidden = this.state !== "live";
    this.cover.hidden = false;
    if (this.lineWord === "closed" && !this.over()) return;
    if (this.state === "scheduled") this.countDown();
    else if (this.over()) this.say(this.overKey(), { reason: this.voidReason });
    else if (this.media === "playing" && this.screen.audioOnly) this.say("sound_only_on");
    else if (this.media === "playing") this.cover.hidden = true;
    else if (this.media === "blocked") this.cover.hidden = true;
    // The line below the picture says it all; nothing is opened or tried until the network is back.
    else if (this.lineWord === "offline") this.say("");
    else this.say(this.media === "idle" ? "loading" : this.media);
  }

  private overKey(): string {
    const keys: Record<string, string> = {
      recorded: "replay_ready",
      unrecorded: "ended",
      cancelled: "cancelled",
      not_held: "not_held",
      void: "void",
    };
    return keys[this.state] ?? "ended";
  }

  private countDown(): void {
    const left = this.data.starts_at - this.now();
    const minutes = Math.floor(left / 60_000);
    if (minutes >= 24 * 60)
      this.say("starts_in_days", { d: Math.floor(minutes / 1440), h: Math.floor(minutes / 60) % 24 });
    else if (minutes >= 60) this.say("starts_in_hours", { h: Math.floor(minutes / 60), m: minutes % 60 });
    else if (minutes > 0) this.say("starts_in", { m: minutes, s: Math.floor(left / 1000) % 60 });
    else this.say(left > 0 ? "soon" : this.now() < this.data.ends_at ? "late" : "missed");
  }
}

new Room().start();
