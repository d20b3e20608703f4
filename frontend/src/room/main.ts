/** The member's room. */
import { ServerClock } from "../lib/clock";
import { deviceId } from "../lib/device";
import type { Command, JoinedFrame, ServerFrame } from "../lib/frames";
import { get } from "../lib/http";
import { Outbox } from "../lib/outbox";
import { byId, fitHeight, readData, write } from "../lib/page";
import type { RoomWords } from "../lib/sentences";
import { startTabs } from "../lib/tabs";
import { fill } from "../lib/words";
import { showAfter } from "./after";
import { Asking } from "./asking";
import { Bar } from "./bar";
import { Behind } from "./behind";
import { Captions } from "./captions";
import { Chat } from "./chat";
import { Feed, type PageEvent } from "./feed";
import { Hand } from "./hand";
import { Outage } from "./outage";
import { begun, isOver, type RoomData, type RoomState } from "./page";
import { toggleFullScreen, WakeLock } from "./phone";
import { awaitReturn, startRemoved } from "./removed";
import { Screen, type ScreenState } from "./screen";
import { closedSaid, coverSaid, type Said, statusWord } from "./shown";
import { RoomSlides } from "./slides";
import { type ClosedWhy, isUp, type Line, RoomLine } from "./socket";
import { Speaking } from "./speaking";
import { type Answer, Standing } from "./standing";
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
  private readonly behind: Behind;
  private readonly asker: VerdictAsker;
  private readonly standing: Standing;
  private readonly hand: Hand;
  private readonly bar: Bar;
  /** The newest that was fetched; what the socket said since stands in the fields below. */
  private fetched: RoomState;
  private state: string;
  private liveAt: number | null;
  private lineWord: Line = "connecting";
  private isCounted = false;
  private media: ScreenState = "idle";
  private breakUntil: number | null;

  constructor(private readonly data: RoomData) {
    this.words = data.words;
    this.fetched = data;
    this.state = data.state;
    this.liveAt = data.live_at;
    this.breakUntil = data.break_until;
    this.clock = new ServerClock(data.now);
    this.outbox = new Outbox({ owner: data.owner });
    const send = (command: Command): boolean => this.line.send(command);
    const ask = (): Promise<RoomState> => get<RoomState>(data.urls.state);
    this.standing = new Standing(ask, (answer) => this.caughtUp(answer));
    this.screen = new Screen(this.video, byId("room").dataset.hls ?? "", {
      send,
      state: (state) => this.mediaState(state),
      refresh: ask,
    });
    this.behind = new Behind(send, () => this.screen.hasSound());
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
      lecturer: data.lecturer,
      keep: `chat-${data.owner}-${data.occasion}`,
      words: data.words,
      send,
    });
    this.speaking = new Speaking(data.words, data.you, {
      send,
      changed: (speaks) => this.screen.onStage(speaks),
      isBreak: () => this.breakUntil !== null,
    });
    this.asking = new Asking(data.ask_words, data.you, `ask-${data.owner}-${data.occasion}`, send);
    this.slides = new RoomSlides(data.slide_words, data.slides_url, async () => (await ask()).slides_url);
    this.feed = new Feed(this.chat, {
      people: (count) => this.people(count),
      event: (event) => this.event(event),
      missed: () => void this.standing.catchUp(),
    });
    this.hand = new Hand(data.words, send, () => this.show());
    this.bar = new Bar(data.words, {
      isSoundOnly: () => this.screen.audioOnly,
      soundOnly: (on) => {
        this.screen.setAudioOnly(on);
        this.show();
      },
      full: () => toggleFullScreen(this.slides.full() ?? this.video),
    });
    this.asker = new VerdictAsker(
      () => isOver(this.state) && data.counted && !this.fetched.mine?.settled,
      () => this.standing.catchUp(),
    );
  }

  start(): void {
    this.video.muted = location.hash === "#quiet"; // the lecturer looks at it, without hearing themselves
    if (this.data.is_lite) this.bar.soundOnly(true);
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
    byId("here-step").addEventListener("click", () => location.reload());
    document.addEventListener("visibilitychange", () => this.visibility());
    window.addEventListener("pagehide", () => this.endOutage());
  }

  private visibility(): void {
    this.behind.look();
    if (this.state === "live" && this.lineWord !== "closed") void this.wakeLock.hold();
  }

  // --- what the room says ---------------------------------------------------------------------------------------

  private joined(frame: JoinedFrame): void {
    this.clock.set(frame.at);
    this.standing.joined();
    this.endOutage();
    this.isCounted = frame.counted;
    const isBack = this.feed.joined(frame);
    this.asking.joined();
    // The page itself may be old: kept by the browser, or drawn a moment before something was said.
    const missed = isBack || frame.seq !== this.data.seq || frame.state !== this.data.state;
    this.hand.joined(!!frame.hand);
    // A server that is about to be renewed does not say so.
    this.chat.allow(frame.chat !== false);
    this.asking.allow(frame.chat !== false);
    this.behind.joined();
    this.screen.airs(frame.picture);
    this.breaks(frame.break_until);
    this.slides.told(frame.slide);
    const was = this.state;
    this.setState(frame.state);
    const isSame = this.speaking.showsAs(frame.speakers ?? []);
    // Where it has just become live, setState began the picture.
    if (this.state === "live" && was === "live" && this.breakUntil === null) this.screen.resume(isSame);
    this.speaking.joined(frame.speakers ?? []);
    // Those who enter do not ask in one moment.
    if (missed && !isBack) window.setTimeout(() => void this.standing.catchUp(), Math.random() * ENTRY_SPREAD_MS);
    else if (missed) void this.standing.catchUp();
  }

  private frame(frame: ServerFrame): void {
    if (frame.t === "may_speak") this.standing.heard("speakers");
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
    this.standing.event(event);
    if (this.asking.event(event) || this.captions.event(event)) return;
    if (event.t === "state") this.turned(event.state);
    else if (event.t === "break") this.breaks(event.until);
    else if (event.t === "slide") this.slides.told(event);
    else if (event.t === "picture") this.screen.picture(event.on);
    else if (event.t === "speakers") this.speaking.told(event.speakers);
    else if (event.t === "room") this.chat.allow(event.chat);
    else if (event.t === "hands_down") this.hand.told(false);
    // What is said to one person goes to every host, too: also to one who sits here among the members.
    else if ("member" in event && event.member !== this.data.you) return;
    else if (event.t === "muted") this.chat.mute(event.on);
    else if (event.t === "hand") this.hand.told(event.up);
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

  /** The room says so, but not since when a lecture is live that goes on again, nor why one does not stand. */
  private turned(state: string): void {
    const was = this.state;
    this.setState(state);
    const isBack = state === "live" && was !== "live" && was !== "scheduled";
    if (isBack || (state === "void" && was !== "void")) void this.standing.catchUp();
  }

  private setState(state: string): void {
    const was = this.state;
    this.state = state;
    if (state !== "scheduled") begun();
    if (state === "live" && was !== "live") {
      this.liveAt = this.clock.now();
      if (this.breakUntil === null) this.screen.start();
      void this.wakeLock.hold();
      this.chat.open();
    } else if (state !== "live" && was === "live") {
      this.screen.stop();
      this.wakeLock.release();
    }
    if (isOver(state)) {
      this.speaking.ends();
      this.breakUntil = null;
      this.chat.close();
      if (state !== was) this.asker.start();
    }
    this.show();
  }

  private caughtUp({ state, isOld }: Answer): void {
    this.chat.addAll(state.chat);
    if (!isOld("talk")) this.chat.allow(state.talk !== false);
    this.asking.told(state.asking);
    this.captions.told(state.captions ?? [], isOld("captions"));
    if (!isOld("speakers")) this.speaking.told(state.speakers ?? []);
    this.fetched = state;
    this.liveAt = state.live_at;
    this.breaks(state.break_until);
    if (!isOld("slide")) this.slides.told(state.slide);
    this.setState(state.state);
  }

  // --- the line -------------------------------------------------------------------------------------------------

  private lineChanged(line: Line, why?: ClosedWhy): void {
    if (isUp(this.lineWord) && !isUp(line)) this.beginOutage();
    this.lineWord = line;
    if (line === "closed") {
      this.screen.stop();
      this.wakeLock.release();
      this.speaking.ends();
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
    this.behind.look();
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
    this.hand.allow(!isClosed);
    this.asking.show(live && this.breakUntil === null, !isClosed && !over);
    this.captions.show(live);
    const now = this.clock.now();
    this.bar.show(live, { liveAt: this.liveAt, isBreak: this.breakUntil !== null, now });
    showAfter(this.words, { state: this.state, over, stopped: isClosed && !over, fetched: this.fetched, now });
    document.body.classList.toggle("room-over", over);
  }

  private showStatus(): void {
    const word = statusWord({
      state: this.state,
      line: this.lineWord,
      isExpected: this.data.counted,
      isCounted: this.isCounted,
      hand: this.hand.isUp,
      isHidden: document.visibilityState === "hidden",
      isBreak: this.state === "live" && this.breakUntil !== null,
      isDeaf: this.screen.deafness.isOn,
    });
    write(byId("status"), word ? fill(this.words, word) : "");
    byId("status").className =
      `room-status ${this.lineWord === "good" ? "good" : this.lineWord === "closed" ? "" : "off"}`;
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

const data = readData<RoomData>("room-data");
if (data) new Room(data).start();
else startRemoved();
