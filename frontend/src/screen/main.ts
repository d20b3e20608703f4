/** The hall's screen: the picture for hours, without a hand. It comes back by itself from whatever breaks. */
import { clock, ServerClock } from "../lib/clock";
import type { JoinedFrame, OnStage, ServerFrame } from "../lib/frames";
import { get } from "../lib/http";
import { byId, readData, write } from "../lib/page";
import type { ScreenWords, SlideWords } from "../lib/sentences";
import type { Shown } from "../lib/slides";
import { SlideView } from "../lib/slideview";
import { fill, oneOf } from "../lib/words";
import type { AskingState } from "../room/asked";
import { type CaptionRow, Captions } from "../room/captions";
import { Feed, type PageEvent } from "../room/feed";
import { isOver, type RoomState } from "../room/page";
import { WakeLock } from "../room/phone";
import { Screen, type ScreenState } from "../room/screen";
import { coverSaid, type Said } from "../room/shown";
import { type ClosedWhy, type Line, RoomLine } from "../room/socket";
import { isSamePicture, namesOf } from "../room/speaking";
import { type Answer, Standing } from "../room/standing";
import { showPoll } from "./poll";
import { closedSaid, comesBack, hourOf, lineSaid, type ScreenWord } from "./said";

type Stand = Pick<
  RoomState,
  "state" | "now" | "starts_at" | "ends_at" | "void_reason" | "live_at" | "break_until" | "hls_url" | "hls_audio_url"
>;

interface ScreenData extends Stand {
  seq: number;
  poll: AskingState["poll"];
  notice: string;
  slides_url: string;
  slide: Shown;
  captions: CaptionRow[];
  speakers: OnStage[];
  slide_words: SlideWords;
  urls: { state: string; ticket: string; socket: string };
  words: ScreenWords;
}

const NO_SLIDE: Shown = { deck: "", page: 0, pages: 0 };
const ENTRY_SPREAD_MS = 2000;
// Whoever was sent away tries again by itself: nobody stands at the screen.
const AGAIN_MS = 60_000;
// The end can be undone, and the replay comes: asked now and then, without a socket too.
const ASK_MS = 60_000;

class HallScreen {
  private readonly words: ScreenWords;
  private readonly clock: ServerClock;
  private readonly video = byId<HTMLVideoElement>("video");
  private readonly sound = byId<HTMLButtonElement>("sound");
  private readonly screen: Screen;
  private readonly feed: Feed;
  private readonly line: RoomLine;
  private readonly slides: SlideView;
  private readonly captions = new Captions();
  private readonly wakeLock = new WakeLock();
  private stand: Stand;
  private slide: Shown;
  private speakers: OnStage[];
  private lineWord: Line = "connecting";
  private closed: ScreenWord = "";
  private media: ScreenState = "idle";
  private readonly standing: Standing;

  constructor(private readonly data: ScreenData) {
    this.words = data.words;
    this.stand = data;
    this.slide = data.slide;
    this.speakers = data.speakers;
    this.clock = new ServerClock(data.now);
    this.standing = new Standing(
      () => get<RoomState>(data.urls.state),
      (answer) => this.caughtUp(answer),
    );
    this.screen = new Screen(this.video, byId("hall").dataset.hls ?? "", {
      send: (command) => this.line.send(command),
      state: (state) => this.mediaState(state),
      refresh: () => get<RoomState>(data.urls.state),
    });
    this.line = new RoomLine(data.urls, {
      frame: (frame) => this.frame(frame),
      refused: (frame) => frame.t === "reclaim" && this.screen.link("hung_up"),
      line: (line, why) => this.lineChanged(line, why),
      joined: (frame) => this.joined(frame),
    });
    const parts = { box: byId("slide"), picture: byId<HTMLImageElement>("slide-page"), lost: byId("slide-lost") };
    const address = async (): Promise<string> => (await get<RoomState>(data.urls.state)).slides_url;
    this.slides = new SlideView(data.slide_words, data.slides_url, parts, address);
    this.slides.isLarge = true;
    const nothing = (): void => undefined;
    this.feed = new Feed(
      { add: nothing, hide: nothing, leftOut: nothing, mute: nothing, resend: nothing },
      { people: nothing, event: (event) => this.event(event), missed: () => void this.standing.catchUp() },
    );
  }

  start(): void {
    this.sound.addEventListener("click", () => {
      this.video.muted = false;
      this.screen.tapped();
      this.sound.hidden = true;
    });
    byId("here-step").addEventListener("click", () => location.reload());
    document.addEventListener("visibilitychange", () => void this.wakeLock.hold());
    window.setInterval(() => this.show(), 1000);
    window.setInterval(() => void (isOver(this.stand.state) && this.standing.catchUp()), ASK_MS);
    showPoll(this.words, this.data.poll);
    this.notice(this.data.notice);
    this.captions.told(this.data.captions);
    void this.wakeLock.hold();
    this.show();
    this.line.start();
  }

  private joined(frame: JoinedFrame): void {
    this.clock.set(frame.at);
    this.standing.joined();
    const missed = this.feed.joined(frame) || frame.seq !== this.data.seq;
    this.screen.airs(frame.picture);
    this.breaks(frame.break_until);
    // A server that is about to be renewed does not say them.
    this.slide = frame.slide ?? NO_SLIDE;
    const speakers = frame.speakers ?? [];
    const isSame = isSamePicture(speakers, this.speakers);
    this.speakers = speakers;
    const was = this.stand.state;
    this.setState(frame.state);
    if (frame.state === "live" && was === "live" && frame.break_until === null) this.screen.resume(isSame);
    if (missed) window.setTimeout(() => void this.standing.catchUp(), Math.random() * ENTRY_SPREAD_MS);
  }

  private frame(frame: ServerFrame): void {
    if (frame.t === "tick") this.feed.tick(frame);
    else if (frame.t === "media") this.screen.chosen(frame.via, frame.ice);
    else if (frame.t === "offer") void this.screen.offered(frame.sdp);
    else if (frame.t === "link" && frame.pc === "sub") this.screen.link(frame.state);
    else if (frame.t === "held" && frame.pc === "sub") this.screen.held(frame.key);
    this.show();
  }

  private event(event: PageEvent): void {
    this.standing.event(event);
    if (this.captions.event(event)) return;
    if (event.t === "state") {
      this.setState(event.state);
      if (event.state !== "live") void this.standing.catchUp();
    } else if (event.t === "break") this.breaks(event.until);
    else if (event.t === "picture") this.screen.picture(event.on);
    else if (event.t === "slide") this.slide = event;
    else if (event.t === "speakers") this.speakers = event.speakers;
    else if (event.t === "poll") showPoll(this.words, event);
    else if (event.t === "pinned") this.notice(event.text);
  }

  private breaks(until: number | null): void {
    const was = this.stand.break_until;
    this.stand = { ...this.stand, break_until: until };
    if (this.stand.state !== "live" || (was === null) === (until === null)) return;
    if (until === null) this.screen.start();
    else this.screen.stop();
    this.show();
  }

  private setState(state: string): void {
    const was = this.stand.state;
    this.stand = { ...this.stand, state };
    if (state === "live" && was !== "live") {
      this.stand.live_at = this.stand.live_at ?? this.clock.now();
      if (this.stand.break_until === null) this.screen.start();
      void this.wakeLock.hold();
    } else if (state === "live" && this.media === "idle" && this.stand.break_until === null) {
      // The page was opened while it was live.
      this.screen.start();
    } else if (state !== "live" && was === "live") this.screen.stop();
    this.show();
  }

  /** Of an older answer what the socket has said since stays. */
  private caughtUp({ state, isOld }: Answer): void {
    const { break_until, state: word } = state;
    this.stand = { ...state, break_until: this.stand.break_until, state: this.stand.state };
    showPoll(this.words, state.asking.poll);
    this.notice(state.asking.notice);
    this.captions.told(state.captions ?? [], isOld("captions"));
    if (!isOld("slide")) this.slide = state.slide;
    if (!isOld("speakers")) this.speakers = state.speakers;
    this.breaks(break_until);
    this.setState(word);
  }

  private lineChanged(line: Line, why?: ClosedWhy): void {
    this.lineWord = line;
    if (line === "closed") {
      this.screen.stop();
      this.closed = closedSaid(why);
      if (why === "cancelled") this.stand = { ...this.stand, state: "cancelled" };
      // Signed out or without a right: the page that comes says what to do.
      if (comesBack(why)) window.setTimeout(() => location.reload(), AGAIN_MS);
      byId("here-step").hidden = why !== "elsewhere";
      this.sound.hidden = true;
    }
    this.show();
  }

  private mediaState(state: ScreenState): void {
    this.media = state;
    if (state === "blocked" && !this.video.muted) {
      // The browser wants a tap for the sound: until somebody comes the picture goes on without it.
      this.video.muted = true;
      this.sound.hidden = false;
      this.screen.tapped();
    }
    this.show();
  }

  private notice(text: string): void {
    byId("notice").hidden = !text;
    write(byId("notice-text"), text);
  }

  private show(): void {
    const { stand } = this;
    const now = this.clock.now();
    const live = stand.state === "live";
    write(byId("clock"), hourOf(now));
    const since = live && stand.live_at ? fill(this.words, "live_for", { time: clock(now - stand.live_at) }) : "";
    write(byId("live-time"), since);
    const line = lineSaid(this.lineWord, isOver(stand.state));
    write(byId("line-word"), line ? fill(this.words, line) : "");
    this.video.hidden = !live;
    this.showTold();
    const said: Said | null = this.closed
      ? { word: this.closed as Said["word"] }
      : coverSaid({
          state: stand.state,
          line: this.lineWord,
          media: this.media,
          audioOnly: false,
          voidReason: stand.void_reason,
          now,
          startsAt: stand.starts_at,
          breakUntil: stand.break_until,
          endsAt: stand.ends_at,
        });
    byId("cover").hidden = !said?.word;
    const word = said ? oneOf(Object.keys(this.words) as (keyof ScreenWords)[], said.word) : undefined;
    write(byId("cover-text"), word ? fill(this.words, word, said?.values) : "");
  }

  /** Slides before it begins, too; words and names while it is live. */
  private showTold(): void {
    const isOut = this.closed !== "" || isOver(this.stand.state);
    this.slides.show(isOut ? NO_SLIDE : this.slide);
    byId("picture").classList.toggle("with-slide", this.slides.isShown);
    const live = !isOut && this.stand.state === "live";
    this.captions.show(live);
    const names = live ? namesOf(this.speakers) : "";
    byId("speaking").hidden = names === "";
    write(byId("speaking"), names && fill(this.words, "speaking", { names }));
  }
}

const data = readData<ScreenData>("screen-data");
if (data) new HallScreen(data).start();
