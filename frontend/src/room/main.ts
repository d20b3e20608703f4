/** The member's room. */
import { clock, ServerClock } from "../lib/clock";
import { deviceId } from "../lib/device";
import type { JoinedFrame, ServerFrame } from "../lib/frames";
import { get } from "../lib/http";
import { Outbox } from "../lib/outbox";
import { byId, fitHeight, readData, write } from "../lib/page";
import type { RoomWords } from "../lib/sentences";
import { startTabs } from "../lib/tabs";
import { fill } from "../lib/words";
import { Asking } from "./asking";
import { Captions } from "./captions";
import { Chat } from "./chat";
import { Feed, type PageEvent } from "./feed";
import { Outage } from "./outage";
import { isOver, type RoomData, type RoomState } from "./page";
import { toggleFullScreen, WakeLock } from "./phone";
import { awaitReturn, startRemoved } from "./removed";
import { Screen, type ScreenState } from "./screen";
import { closedSaid, coverSaid, type Said, statusWord } from "./shown";
import { RoomSlides } from "./slides";
import { type ClosedWhy, type Line, RoomLine } from "./socket";
import { Speaking } from "./speaking";
import { VerdictAsker } from "./verdict";

const ENTRY_SPREAD_MS = 2000;

class Room {
  private readonly words: RoomWords;
  private readonly clock: ServerClock;
  private readonly video = byId<HTMLVideoElement>("video");
  private readonly screen: Screen;
  private readonly chat: Chat;
  private readonly feed: Feed;
  private readonly asking: Asking;
  private readonly slides: RoomSlides;
  private readonly captions = new Captions();
  private readonly speaking: Speaking;
  private readonly line: RoomLine;
  private readonly outbox: Outbox;
  private readonly outage = new Outage();
  private readonly wakeLock = new WakeLock();
  private readonly asker: VerdictAsker;
  /** The newest that was fetched; what the socket said since stands in the fields below. */
  private fetched: RoomState;
  private state: string;
  private liveAt: number | null;
  private lineWord: Line = "connecting";
  private isCounted = false;
  private media: ScreenState = "idle";
  private hand = false;
  private breakUntil: number | null;
  /** What was tapped and has not gone out. */
  private askedHand: boolean | null = null;
  private catching = false;

  constructor(private readonly data: RoomData) {
    this.words = data.words;
    this.fetched = data;
    this.state = data.state;
    this.liveAt = data.live_at;
    this.breakUntil = data.break_until;
    this.clock = new ServerClock(data.now);
    this.outbox = new Outbox({ owner: data.owner });
    this.screen = new Screen(this.video, byId("room").dataset.hls ?? "", {
      send: (command) => this.line.send(command),
      state: (state) => this.mediaState(state),
      refresh: () => get<RoomState>(data.urls.state),
    });
    this.line = new RoomLine(data.urls, {
      frame: (frame) => this.frame(frame),
      refused: (frame) => {
        // Which of the two could not be taken up again is not said: both begin anew where they are wanted.
        if (frame.t === "reclaim") this.screen.link("hung_up");
        if (frame.t === "reclaim" || frame.t === "step_up" || frame.t === "speak") this.speaking.refused(frame);
        else if (!this.chat.refused(frame)) this.asking.refused(frame);
      },
      line: (line, why) => this.lineChanged(line, why),
      joined: (frame) => this.joined(frame),
    });
    this.chat = new Chat({
      you: data.you,
      keep: `chat-${data.owner}-${data.occasion}`,
      words: data.words,
      send: (command) => this.line.send(command),
    });
    this.speaking = new Speaking(data.words, data.you, {
      send: (command) => this.line.send(command),
      changed: (speaks) => this.screen.onStage(speaks),
    });
    this.asking = new Asking(data.ask_words, data.you, `ask-${data.owner}-${data.occasion}`, (command) =>
      this.line.send(command),
    );
    const address = async (): Promise<string> => (await get<RoomState>(data.urls.state)).slides_url;
    this.slides = new RoomSlides(data.slide_words, data.slides_url, address);
    this.feed = new Feed(this.chat, {
      people: (count) => this.people(count),
      event: (event) => this.event(event),
      missed: () => void this.catchUp(),
    });
    this.asker = new VerdictAsker(
      () => isOver(this.state) && data.counted && !this.fetched.mine?.settled,
      () => this.catchUp(),
    );
  }

  start(): void {
    // The lecturer looks at their own lecture: without hearing themselves.
    this.video.muted = location.hash === "#quiet";
    this.chat.addAll(this.data.chat);
    this.asking.told(this.data.asking);
    this.slides.told(this.data.slide);
    this.captions.told(this.data.captions ?? []);
    this.buttons();
    startTabs(["chat", "questions", "people"]);
    fitHeight();
    this.show();
    window.setInterval(() => this.everySecond(), 1000);
    if (isOver(this.state)) {
      this.chat.close();
      this.asker.start();
      // Something may still come: the replay, or the lecture itself, whose end can be undone for ten minutes.
      if (this.state !== "ended" && (this.data.undone_until ?? 0) < this.data.now) return;
    }
    this.line.start();
  }

  private buttons(): void {
    byId("tap").addEventListener("click", () => this.screen.tapped());
    const sound = byId<HTMLButtonElement>("sound-only");
    sound.addEventListener("click", () => {
      const on = !this.screen.audioOnly;
      sound.classList.toggle("on", on);
      sound.textContent = fill(this.words, on ? "picture_again" : "sound_only");
      this.screen.setAudioOnly(on);
      this.show();
    });
    byId("full").addEventListener("click", () => toggleFullScreen(this.slides.full() ?? this.video));
    byId("here-step").addEventListener("click", () => location.reload());
    byId("hand").addEventListener("click", () => {
      const up = !this.hand;
      // Tapped while there is no line: it goes out with the next one.
      this.askedHand = this.line.send({ t: "hand", up }) ? null : up;
      this.raised(up);
    });
    document.addEventListener("visibilitychange", () => this.visibility());
    window.addEventListener("pagehide", () => this.endOutage());
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
      if (this.state === "live") void this.wakeLock.hold();
    }
  }

  // --- what the room says ---------------------------------------------------------------------------------------

  private joined(frame: JoinedFrame): void {
    this.clock.set(frame.at);
    this.endOutage();
    this.isCounted = frame.counted;
    const isBack = this.feed.joined(frame);
    this.asking.joined();
    // The page itself may be old: kept by the browser, or drawn a moment before something was said.
    const missed = isBack || frame.seq !== this.data.seq || frame.state !== this.data.state;
    // What the server keeps is what hosts see: a hand that was lowered meanwhile does not go up by itself.
    if (this.askedHand === null) this.raised(!!frame.hand);
    else if (this.line.send({ t: "hand", up: this.askedHand })) this.askedHand = null;
    // A server that is about to be renewed does not say so.
    this.chat.allow(frame.chat !== false);
    this.asking.allow(frame.chat !== false);
    if (document.visibilityState === "hidden") this.line.send({ t: "hide", sound: this.screen.hasSound() });
    this.screen.airs(frame.picture);
    this.breaks(frame.break_until);
    this.slides.told(frame.slide);
    const was = this.state;
    this.setState(frame.state);
    // Where it has just become live, setState began the picture.
    if (this.state === "live" && was === "live" && this.breakUntil === null) this.screen.resume();
    this.speaking.joined(frame.speakers ?? []);
    // Those who enter do not ask in one moment.
    if (missed && !isBack) window.setTimeout(() => void this.catchUp(), Math.random() * ENTRY_SPREAD_MS);
    else if (missed) void this.catchUp();
  }

  private frame(frame: ServerFrame): void {
    this.asking.frame(frame);
    this.speaking.frame(frame);
    if (frame.t === "tick") this.feed.tick(frame);
    else if (frame.t === "counted") this.isCounted = frame.on;
    else if (frame.t === "ack") this.chat.acknowledged(frame.id, frame.message);
    else if (frame.t === "media") this.screen.chosen(frame.via, frame.ice);
    else if (frame.t === "offer") void this.screen.offered(frame.sdp);
    else if (frame.t === "link" && frame.pc === "sub") this.screen.link(frame.state);
    else if (frame.t === "held" && frame.pc === "sub") this.screen.held(frame.key);
    this.show();
  }

  private event(event: PageEvent): void {
    if (this.asking.event(event) || this.captions.event(event)) return;
    if (event.t === "state") this.setState(event.state);
    else if (event.t === "break") this.breaks(event.until);
    else if (event.t === "slide") this.slides.told(event);
    else if (event.t === "picture") this.screen.picture(event.on);
    else if (event.t === "speakers") this.speaking.told(event.speakers);
    else if (event.t === "room") this.chat.allow(event.chat);
    else if (event.t === "hands_down") this.raised(false);
    // What is said to one person goes to every host, too: also to one who sits here among the members.
    else if ("member" in event && event.member !== this.data.you) return;
    else if (event.t === "muted") this.chat.mute(event.on);
    else if (event.t === "hand") this.raised(event.up);
  }

  /** A break begins or is over. They do not all ask for the picture in one moment. */
  private breaks(until: number | null): void {
    const was = this.breakUntil;
    this.breakUntil = until;
    if (this.state !== "live" || (was === null) === (until === null)) return;
    if (until !== null) this.screen.stop();
    else {
      window.setTimeout(() => {
        if (this.state === "live" && this.breakUntil === null) this.screen.start();
      }, Math.random() * ENTRY_SPREAD_MS);
    }
    this.show();
  }

  private setState(state: string): void {
    const was = this.state;
    this.state = state;
    if (state === "live" && was !== "live") {
      this.liveAt = this.clock.now();
      if (this.breakUntil === null) this.screen.start();
      void this.wakeLock.hold();
      this.chat.open();
      if (was !== "scheduled") void this.catchUp();
    } else if (state !== "live" && was === "live") {
      this.screen.stop();
      this.wakeLock.release();
    }
    if (isOver(state)) {
      this.speaking.told([]);
      this.breakUntil = null;
      this.chat.close();
      if (state !== was) this.asker.start();
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
      this.chat.allow(state.talk !== false);
      this.asking.told(state.asking);
      this.captions.told(state.captions ?? []);
      this.speaking.told(state.speakers ?? []);
      this.fetched = state;
      this.liveAt = state.live_at;
      this.breaks(state.break_until);
      this.slides.told(state.slide);
      this.setState(state.state);
    } catch {
      // The next gap, or the next return, asks again.
    } finally {
      this.catching = false;
    }
  }

  // --- the line -------------------------------------------------------------------------------------------------

  private lineChanged(line: Line, why?: ClosedWhy): void {
    const was = this.lineWord;
    this.lineWord = line;
    if (isUp(was) && !isUp(line)) this.beginOutage();
    if (line === "closed") {
      this.screen.stop();
      this.speaking.told([]);
      this.chat.close();
      this.endOutage();
      if (why === "cancelled") this.state = "cancelled";
      this.closed(why);
    }
    this.show();
  }

  /** Out of the room: why, and the way back in where there is one. What others said is not for the next holder. */
  private closed(why?: ClosedWhy): void {
    if (why === "signed_out" || why === "rights") {
      this.chat.clear();
      this.asking.clear();
      this.captions.clear();
    }
    this.say({ word: closedSaid(why, this.outbox.waiting() > 0) });
    byId("signin-step").hidden = why !== "signed_out";
    byId("here-step").hidden = why !== "elsewhere";
    if (why === "removed") awaitReturn(this.data.urls.ticket, () => location.reload());
  }

  /** The line broke: what the phone goes on playing from its buffer is remembered. */
  private beginOutage(): void {
    if (this.isCounted && this.state === "live" && this.line.lastHeard()) {
      this.screen.advanced();
      this.outage.begin(this.line.lastHeard());
    }
    this.isCounted = false;
  }

  private endOutage(): void {
    const played = this.outage.end();
    if (played) this.outbox.add(this.data.urls.outbox, { device: deviceId(), ...played });
  }

  private everySecond(): void {
    const heard = document.visibilityState === "visible" || this.screen.hasSound();
    if (this.outage.isOpen && heard && this.screen.advanced()) this.outage.goOn(this.clock.now());
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

  private say({ word, values }: Said): void {
    write(byId("cover-text"), word ? fill(this.words, word, values) : "");
  }

  private show(): void {
    const over = isOver(this.state);
    const isClosed = this.lineWord === "closed";
    this.showStatus();
    this.showCover();
    this.slides.draw(!over && !isClosed, this.screen.audioOnly);
    // A stopped page has no picture: nothing to touch, no clock that goes on.
    const live = this.state === "live" && !isClosed;
    byId<HTMLButtonElement>("hand").disabled = isClosed;
    this.asking.show(live && this.breakUntil === null, !isClosed && !over);
    this.captions.show(live);
    byId("live-mark").hidden = !live;
    byId("sound-only").hidden = !live;
    byId("full").hidden = !live;
    if (live && this.liveAt) {
      byId("live-time").textContent = fill(this.words, "live_for", { time: clock(this.clock.now() - this.liveAt) });
    }
    const stopped = isClosed && !over;
    const { mine } = this.fetched;
    byId("after").hidden = !over && !stopped;
    byId("replay-step").hidden = this.state !== "recorded" || stopped;
    byId("replay-step").className = mine?.owed ? "btn" : "btn quiet";
    write(byId("mine"), over && mine ? mine.text + this.mayResume() : "");
    document.body.classList.toggle("room-over", over);
  }

  /** What is said of a lecture whose end can still be undone is not the last word. */
  private mayResume(): string {
    const left = (this.fetched.undone_until ?? 0) - this.clock.now();
    return left > 0 ? fill(this.words, "may_resume", { m: Math.ceil(left / 60_000) }) : "";
  }

  private showStatus(): void {
    const word = statusWord({
      state: this.state,
      line: this.lineWord,
      isExpected: this.data.counted,
      isCounted: this.isCounted,
      hand: this.hand,
      isHidden: document.visibilityState === "hidden",
      isBreak: this.state === "live" && this.breakUntil !== null,
    });
    const status = byId("status");
    write(status, word ? fill(this.words, word) : "");
    status.className = `room-status ${this.lineWord === "good" ? "good" : this.lineWord === "closed" ? "" : "off"}`;
  }

  private showCover(): void {
    byId("tap").hidden = !(this.state === "live" && this.media === "blocked");
    this.video.hidden = this.state !== "live";
    const cover = byId("cover");
    cover.hidden = false;
    // Why one is out of the room stays said.
    if (this.lineWord === "closed" && !isOver(this.state)) return;
    const said = coverSaid({
      state: this.state,
      line: this.lineWord,
      media: this.media,
      audioOnly: this.screen.audioOnly,
      breakUntil: this.breakUntil,
      voidReason: this.fetched.void_reason,
      now: this.clock.now(),
      startsAt: this.data.starts_at,
      endsAt: this.data.ends_at,
    });
    cover.hidden = said === null;
    if (said) this.say(said);
  }
}

function isUp(line: Line): boolean {
  return line === "good" || line === "weak";
}

const data = readData<RoomData>("room-data");
if (data) new Room(data).start();
else startRemoved();
