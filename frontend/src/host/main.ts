/** The lecturer's desk: check the devices, go live, lead the talk, end. The picture comes back by itself. */
import { ServerClock } from "../lib/clock";
import type { Command, ErrorFrame, JoinedFrame, OnAirEvent, ServerFrame } from "../lib/frames";
import { get } from "../lib/http";
import { Look } from "../lib/latest";
import { byId, fitHeight, readData, write } from "../lib/page";
import type { HostWords } from "../lib/sentences";
import { startTabs } from "../lib/tabs";
import { fill } from "../lib/words";
import { Chat } from "../room/chat";
import { Feed, type PageEvent } from "../room/feed";
import { isOver } from "../room/page";
import { type ClosedWhy, type Line, RoomLine } from "../room/socket";
import { Air, type AirEvents } from "./air";
import { HostAsking } from "./asking";
import { Assistant } from "./assistant";
import { HostCaptions } from "./captions";
import { Control } from "./control";
import { type ClosedWord, closedWord, type DeskFacts, refusalWord } from "./desk";
import { Ending } from "./ending";
import { Going } from "./going";
import { Hands } from "./hands";
import { OnAir } from "./onair";
import type { HostData, HostState } from "./page";
import { People } from "./people";
import { Preview } from "./preview";
import { RecordingNotice } from "./recording";
import { showNotes } from "./rows";
import { HostSlides } from "./slides";
import type { Role } from "./stage";
import { showState } from "./state";
import { Studio } from "./studio";
import { Talking } from "./talking";
import { WayKey, wayBefore } from "./way";

// Nothing tells the desk that the recording has stopped: it asks.
const ASK_MS = 10_000;
class Desk {
  private readonly words: HostWords;
  private readonly clock: ServerClock;
  private readonly studio: Studio;
  private readonly air: Air;
  private readonly way: WayKey;
  private readonly onAir: OnAir;
  private readonly preview: Preview;
  private readonly people: People;
  private readonly hands: Hands;
  private readonly talking: Talking;
  private readonly control: Control;
  private readonly going: Going;
  private readonly ending: Ending;
  private readonly assistant: Assistant;
  private readonly recording: RecordingNotice;
  private readonly line: RoomLine;
  private readonly chat: Chat;
  private readonly feed: Feed;
  private readonly asking: HostAsking;
  private readonly slides: HostSlides;
  private readonly captions: HostCaptions;
  private readonly stand: Look<HostState>;
  private state: string;
  private lineWord: Line = "connecting";
  private closed: ClosedWord = "no_right";
  private liveAt: number | null;
  private voidReason: string;

  constructor(private readonly data: HostData) {
    this.words = data.words;
    this.clock = new ServerClock(data.now);
    this.state = data.state;
    this.liveAt = data.live_at;
    this.voidReason = data.void_reason;
    this.stand = new Look(
      () => get<HostState>(data.urls.state),
      (state) => this.caughtUp(state),
    );
    const send = (command: Command): boolean => this.line.send(command);
    // Buttons beside what a page shows before it has a line: a press is not lost, nor done long after.
    const press = (command: Command): void => this.line.sendSoon(command, () => this.say("try_again"));
    this.recording = new RecordingNotice(data.occasion);
    this.recording.told = data.recording;
    this.line = new RoomLine(data.urls, {
      frame: (frame) => this.frame(frame),
      refused: (frame) => this.refused(frame),
      line: (line, why) => this.lineChanged(line, why),
      // Whose role has ended may come as a member: not on this page.
      joined: (frame) => (frame.host ? this.joined(frame) : this.line.stop("rights")),
    });
    this.assistant = new Assistant(data.words, data.you, data.occasion, {
      send,
      press,
      state: () => this.state,
      role: (role) => this.became(role),
    });
    this.way = new WayKey(data.words, data.occasion, (way) => this.air.choose(way));
    const airs: AirEvents = {
      send: (command) => this.line.send(this.assistant.signed(command)),
      // Of a picture that this page does not send there is nothing to say.
      say: (word) => this.assistant.role === "presenter" && this.say(word),
      isLive: () => this.state === "live" && !this.onAir.isBreak,
      stream: () => this.studio.outgoing(),
      picture: () => this.studio.picture(),
      isPresenter: () => this.assistant.role === "presenter",
      begins: () => this.onAir.begins(),
      replaced: () => void this.replaced(),
      way: (way, byItself) => this.way.turned(way, byItself),
    };
    this.air = new Air(airs, wayBefore(data.occasion));
    this.studio = new Studio(data.words, data.title, {
      changed: () => this.show(),
      opened: (stream) => this.air.opened(stream),
      picture: (picture, sound) => this.air.changed(picture, sound),
    });
    this.onAir = new OnAir(data.words, this.clock, {
      press,
      say: (word) => this.say(word),
      changed: (isBreak) => this.breakChanged(isBreak),
      recording: () => void this.stand.catchUp(),
    });
    this.preview = new Preview(data.words, byId("host").dataset.hls ?? "", {
      address: async () => (await get<HostState>(data.urls.state)).hls_url,
      now: () => this.clock.now(),
    });
    this.people = new People(data.words, data.you, data.urls.people, press);
    this.hands = new Hands(data.words, press, this.people.tools, (count) => this.people.handsUp(count));
    this.talking = new Talking(data.words, {
      send,
      press,
      isOpen: () => this.state === "live" && !this.onAir.isBreak,
      isPresenter: () => this.assistant.role === "presenter",
    });
    this.control = new Control(data.words, press);
    this.going = new Going({
      send,
      signed: (command) => this.assistant.signed(command),
      isReady: () => this.studio.stream !== null,
      began: (isGoing) => {
        this.say(isGoing ? "going" : "try_again");
        this.show();
      },
    });
    this.ending = new Ending(data.words, data.undone_until ?? 0, press);
    this.chat = new Chat({
      you: data.you,
      lecturer: data.lecturer,
      keep: `chat-${data.owner}-${data.occasion}`,
      words: data.words,
      send,
      decorate: (line, message) => this.people.beside(line, message),
    });
    this.asking = new HostAsking(data.ask_words, send, () => void this.stand.catchUp());
    this.slides = new HostSlides(data.slide_words, data.urls, data.slides_url, send);
    this.captions = new HostCaptions(data.caption_words, `captions-${data.owner}-${data.occasion}`, send);
    this.feed = new Feed(this.chat, {
      people: (count) => this.people.present(count),
      event: (event) => this.event(event),
      missed: () => void this.stand.catchUp(),
    });
  }

  start(): void {
    this.chat.addAll(this.data.chat);
    this.asking.told(this.data.asking);
    this.slides.start(this.data.slide);
    this.captions.told(this.data.captions ?? []);
    this.people.restricted(this.data.restricted ?? []);
    this.assistant.begin(this.data.stage.on_air);
    this.onAir.turn(this.data.stage.on_air);
    this.stands(this.data);
    byId("here-step").addEventListener("click", () => location.reload());
    window.addEventListener("beforeunload", (event) => {
      if (this.state === "live" && this.air.isActive()) event.preventDefault();
    });
    startTabs(["chat", "questions", "polls", "captions", "people"]);
    fitHeight();
    this.show();
    window.setInterval(() => this.show(), 1000);
    window.setInterval(() => void (this.state === "live" && this.stand.catchUp()), ASK_MS);
    const over = isOver(this.state);
    if (!over && this.assistant.role === "presenter") void this.studio.open();
    if (!over || this.state === "ended" || this.ending.undoneUntil > this.clock.now()) this.line.start();
    else this.chat.close();
  }

  // --- what the room says ---------------------------------------------------------------------------------------

  private joined(frame: JoinedFrame): void {
    this.clock.set(frame.at);
    this.stand.changed();
    this.air.relays(frame.ice);
    const isBack = this.feed.joined(frame);
    this.onAir.breaks(frame.state === "live" ? frame.break_until : null);
    if (frame.stage) {
      this.sends(frame.stage.on_air);
      this.hands.all(frame.stage.hands);
    }
    this.talking.joined();
    this.talking.told(frame.speakers ?? []);
    this.control.set(frame.chat, frame.locked);
    this.slides.told(frame.slide);
    this.asking.joined(frame.stage?.unclear ?? 0);
    this.captions.joined();
    this.setState(frame.state);
    if (this.state === "live") void this.air.back();
    this.talking.turned();
    if (isBack) void this.stand.catchUp();
  }

  private frame(frame: ServerFrame): void {
    this.asking.frame(frame);
    this.captions.frame(frame);
    this.talking.frame(frame);
    if (frame.t === "tick") this.feed.tick(frame);
    else if (frame.t === "ack") this.chat.acknowledged(frame.id, frame.message);
    else if (frame.t === "answer") this.air.answered(frame.sdp);
    else if (frame.t === "fallback") this.air.ticket(frame);
    else if (frame.t === "link" && frame.pc === "pub") this.air.link(frame.state);
    else if (frame.t === "held" && frame.pc === "pub") this.air.held(frame.key);
    this.show();
  }

  private refused(frame: ErrorFrame): void {
    if (this.chat.refused(frame) || this.asking.refused(frame)) return;
    if (this.slides.refused(frame) || this.captions.refused(frame)) return;
    this.going.done();
    const media = ["offer", "reclaim", "fall_back"].includes(frame.t ?? "");
    if (media && frame.error === "taken") {
      this.assistant.refused();
      this.say("taken");
      void this.stand.catchUp();
    } else if (media) this.air.refused(frame);
    else this.say(refusalWord(frame.error));
    this.show();
  }

  private event(event: PageEvent): void {
    if (this.asking.event(event) || this.captions.event(event)) return;
    // Who has the picture and whether it is live opens and closes devices: an answer from before would undo it.
    if (["state", "on_air", "break", "slide", "speakers", "room"].includes(event.t)) this.stand.changed();
    if (event.t === "state") this.setState(event.state);
    else if (event.t === "break") this.onAir.breaks(event.until);
    else if (event.t === "slide") this.slides.told(event);
    else if (event.t === "air") this.onAir.heard(event);
    else if (event.t === "hand") this.hands.hand(event);
    else if (event.t === "hands_down") this.hands.all([]);
    else if (event.t === "speakers") this.talking.told(event.speakers);
    else if (event.t === "room") this.control.set(event.chat, event.locked);
    else if (event.t === "on_air") {
      this.sends(event);
      void this.stand.catchUp();
    } else if (event.t === "muted" || event.t === "removed") {
      if (event.t === "muted" && event.member === this.data.you) this.chat.mute(event.on);
      void this.stand.catchUp();
    }
  }

  private setState(state: string): void {
    const was = this.state;
    this.state = state;
    this.assistant.settle();
    if (state === "live" && was !== "live") {
      this.going.done();
      this.liveAt = this.clock.now();
      this.onAir.begins();
      if (was === "scheduled") void this.air.publish();
      else this.resumed();
    } else if (isOver(state)) {
      this.onAir.breaks(null);
      this.talking.told([]);
      this.preview.close();
      this.air.stop();
      this.chat.close();
      this.studio.close();
      if (state !== was) {
        this.say("");
        void this.stand.catchUp();
      }
    }
    this.show();
  }

  /** A break: picture and sound leave the air, and come back by themselves when it is over. */
  private breakChanged(isBreak: boolean): void {
    if (this.state !== "live") return;
    this.say("");
    if (isBreak) {
      this.air.stop();
      this.talking.told([]);
    } else void this.air.publish();
    this.show();
  }

  /** The end was undone: the devices, which were let go, are opened again, and the picture goes out by itself. */
  private resumed(): void {
    this.ending.undoneUntil = 0;
    this.chat.open();
    this.say("");
    if (this.assistant.role === "presenter") void this.studio.open();
    void this.stand.catchUp();
  }

  private sends(onAir: OnAirEvent | null): void {
    this.onAir.turn(onAir);
    this.assistant.changed(onAir);
  }

  /** Nobody has told yet by whom: a page that is still the presenter's, as after a mistake of the line, goes on. */
  private async replaced(): Promise<void> {
    this.assistant.refused();
    await this.stand.catchUp();
    this.air.again();
  }

  /** The page went on the air or left it to another: its devices are opened, or let go. */
  private became(role: Role): void {
    if (role === "presenter") void this.studio.open();
    else {
      this.air.stop();
      this.studio.close();
      this.say("");
    }
    this.talking.turned();
    this.show();
  }

  private stands({ stage, talk, locked, air_log }: HostState): void {
    this.hands.all(stage.hands);
    this.control.set(talk, locked);
    showNotes(byId("air-log"), air_log);
    byId("air-log-box").hidden = air_log.length === 0;
  }

  private caughtUp(state: HostState): void {
    this.chat.addAll(state.chat);
    this.asking.told(state.asking);
    this.slides.told(state.slide);
    this.captions.told(state.captions ?? []);
    this.liveAt = state.live_at;
    this.ending.undoneUntil = state.undone_until ?? 0;
    this.voidReason = state.void_reason;
    this.recording.told = state.recording;
    this.people.restricted(state.restricted ?? []);
    this.sends(state.stage.on_air);
    this.talking.told(state.speakers ?? []);
    this.stands(state);
    this.setState(state.state);
  }

  private lineChanged(line: Line, why?: ClosedWhy): void {
    this.lineWord = line;
    if (line === "closed") {
      this.closed = closedWord(why);
      // What others said is not for the next holder.
      if (why === "signed_out" || why === "rights") this.chat.clear();
      this.chat.close();
      this.air.stop();
      this.studio.close();
    }
    this.show();
  }

  // --- what the page shows --------------------------------------------------------------------------------------

  private say(word: keyof HostWords | ""): void {
    write(byId("link-state"), word ? fill(this.words, word) : "");
  }

  private show(): void {
    const { stream } = this.studio;
    const live = this.state === "live";
    const over = isOver(this.state);
    const now = this.clock.now();
    const isEarly = now < this.data.opens_at;
    const isConnected = this.lineWord === "good";
    this.going.show({ isDone: live || over, isEarly, isConnected, hasEncoder: !!this.data.encoder_key });
    byId("here-step").hidden = this.lineWord !== "closed" || this.closed !== "elsewhere";
    this.ending.show({ state: this.state, over, isOut: this.lineWord === "closed", now });
    this.studio.show(over || this.assistant.role === "assistant");
    this.way.show(!over && !!stream && this.assistant.role === "presenter", live);
    const isMute = this.studio.soundProblem() === "mic_off";
    const { liveAt } = this;
    this.onAir.show({ state: this.state, liveAt, endsAt: this.data.ends_at, sender: this.assistant.sender, isMute });
    this.recording.show(live);
    this.slides.open(!over);
    const facts: DeskFacts = {
      state: this.state,
      line: this.lineWord,
      closed: this.closed,
      problem: this.studio.problem,
      sound: this.studio.soundProblem(),
      isEarly,
      isAssistant: this.assistant.role === "assistant",
    };
    const isCovered = over || !stream || !this.studio.picture();
    showState(this.words, facts, { reason: this.voidReason, over, isCovered });
  }
}

const data = readData<HostData>("host-data");
if (data) new Desk(data).start();
