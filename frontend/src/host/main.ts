/** The lecturer's desk: check the devices, go live, lead the talk, end. The picture comes back by itself. */
import { clock, ServerClock } from "../lib/clock";
import type { Command, ErrorFrame, JoinedFrame, OnAirEvent, OnStage, ServerFrame } from "../lib/frames";
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
import { showAfter } from "./after";
import { Air } from "./air";
import { HostAsking } from "./asking";
import { Assistant } from "./assistant";
import { HostCaptions } from "./captions";
import { Control } from "./control";
import { type ClosedWord, closedWord, deskWord, isGood, refusalWord } from "./desk";
import { Hands } from "./hands";
import { Hearing } from "./hearing";
import { OnAir } from "./onair";
import type { HostData, HostState } from "./page";
import { People } from "./people";
import { Preview } from "./preview";
import { RecordingNotice } from "./recording";
import { showNotes } from "./rows";
import { HostSlides } from "./slides";
import { Speakers } from "./speakers";
import { ENCODER, type Role } from "./stage";
import { Studio } from "./studio";

// Nothing tells the desk that the recording has stopped: it asks.
const ASK_MS = 10_000;
class Desk {
  private readonly words: HostWords;
  private readonly clock: ServerClock;
  private readonly go = byId<HTMLButtonElement>("go");
  private readonly studio: Studio;
  private readonly air: Air;
  private readonly onAir: OnAir;
  private readonly preview: Preview;
  private readonly people: People;
  private readonly hands: Hands;
  private readonly speakers: Speakers;
  private readonly hearing: Hearing;
  private onStage: OnStage[] = [];
  private readonly control: Control;
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
  private undoneUntil: number;
  private voidReason: string;
  private going = false;

  constructor(private readonly data: HostData) {
    this.words = data.words;
    this.clock = new ServerClock(data.now);
    this.state = data.state;
    this.liveAt = data.live_at;
    this.undoneUntil = data.undone_until ?? 0;
    this.voidReason = data.void_reason;
    this.stand = new Look(
      () => get<HostState>(data.urls.state),
      (state) => this.caughtUp(state),
    );
    this.recording = new RecordingNotice(data.occasion);
    this.recording.told = data.recording;
    this.line = new RoomLine(data.urls, {
      frame: (frame) => this.frame(frame),
      refused: (frame) => this.refused(frame),
      line: (line, why) => this.lineChanged(line, why),
      joined: (frame) => this.joined(frame),
    });
    this.assistant = new Assistant(data.words, data.you, data.occasion, {
      send: (command) => this.line.send(command),
      state: () => this.state,
      role: (role) => this.became(role),
    });
    this.air = new Air({
      send: (command) => this.line.send(this.assistant.signed(command)),
      // Of a picture that this page does not send there is nothing to say.
      say: (word) => this.assistant.role === "presenter" && this.say(word),
      isLive: () => this.state === "live" && !this.onAir.isBreak,
      stream: () => this.studio.outgoing(),
      picture: () => this.studio.picture(),
      isPresenter: () => this.assistant.role === "presenter",
      begins: () => this.onAir.begins(),
      replaced: () => void this.replaced(),
    });
    this.studio = new Studio(data.words, data.title, {
      changed: () => this.show(),
      opened: (stream) => this.air.opened(stream),
      picture: (picture, sound) => this.air.changed(picture, sound),
    });
    this.onAir = new OnAir(data.words, this.clock, {
      send: (command) => this.line.send(command),
      say: (word) => this.say(word),
      changed: (isBreak) => this.breakChanged(isBreak),
      recording: () => void this.catchUp(),
    });
    this.preview = new Preview(data.words, byId("host").dataset.hls ?? "", {
      address: async () => (await get<HostState>(data.urls.state)).hls_url,
      now: () => this.clock.now(),
    });
    const send = (command: Command): boolean => this.line.send(command);
    this.people = new People(data.words, data.you, data.urls.people, send);
    this.hands = new Hands(data.words, send, this.people.tools, (count) => this.people.handsUp(count));
    this.speakers = new Speakers(data.words, send);
    this.hearing = new Hearing({
      send,
      isPresenter: () => this.state === "live" && !this.onAir.isBreak && this.assistant.role === "presenter",
    });
    this.control = new Control(data.words, send);
    this.chat = new Chat({
      you: data.you,
      keep: `chat-${data.owner}-${data.occasion}`,
      words: data.words,
      send: (command) => this.line.send(command),
      decorate: (line, message) => this.people.beside(line, message),
    });
    this.asking = new HostAsking(
      data.ask_words,
      (command) => this.line.send(command),
      () => void this.catchUp(),
    );
    this.slides = new HostSlides(data.slide_words, data.urls, data.slides_url, send);
    this.captions = new HostCaptions(data.caption_words, `captions-${data.owner}-${data.occasion}`, send);
    this.feed = new Feed(this.chat, {
      people: (count) => this.people.present(count),
      event: (event) => this.event(event),
      missed: () => void this.catchUp(),
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
    this.buttons();
    startTabs(["chat", "questions", "polls", "captions", "people"]);
    fitHeight();
    this.show();
    window.setInterval(() => this.show(), 1000);
    window.setInterval(() => void (this.state === "live" && this.catchUp()), ASK_MS);
    const over = isOver(this.state);
    if (!over && this.assistant.role === "presenter") void this.studio.open();
    if (!over || this.state === "ended" || this.undoneUntil > this.clock.now()) this.line.start();
    else this.chat.close();
  }

  private buttons(): void {
    this.go.addEventListener("click", () => this.goLive());
    byId("go-encoder").addEventListener("click", () => this.begin({ t: "go_live", source: ENCODER }));
    byId("here-step").addEventListener("click", () => location.reload());
    byId("end").addEventListener("click", () => this.askEnd(true));
    byId("end-no").addEventListener("click", () => this.askEnd(false));
    byId("end-yes").addEventListener("click", () => {
      this.askEnd(false);
      if (!this.line.send({ t: "end" })) this.say("try_again");
    });
    byId("resume-lecture").addEventListener("click", () => {
      if (!this.line.send({ t: "resume" })) this.say("try_again");
    });
    byId("recording-seen").addEventListener("click", () => {
      this.recording.seen();
      this.recording.show(this.state === "live");
    });
    window.addEventListener("beforeunload", (event) => {
      if (this.state === "live" && this.air.isActive()) event.preventDefault();
    });
  }

  private askEnd(asked: boolean): void {
    byId("end-confirm").hidden = !asked;
    byId("end").hidden = asked;
    byId(asked ? "end-no" : "end").focus();
  }

  private goLive(): void {
    if (this.studio.stream) this.begin(this.assistant.signed({ t: "go_live" }));
  }

  private begin(command: Command): void {
    this.going = this.line.send(command);
    this.say(this.going ? "going" : "try_again");
    this.show();
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
    this.hearing.joined();
    this.staged(frame.speakers ?? []);
    this.control.set(frame.chat, frame.locked);
    this.slides.told(frame.slide);
    this.asking.joined(frame.stage?.unclear ?? 0);
    this.captions.joined();
    this.setState(frame.state);
    if (this.state === "live") void this.air.back();
    this.hearing.told(this.onStage);
    if (isBack) void this.catchUp();
  }

  private frame(frame: ServerFrame): void {
    this.asking.frame(frame);
    this.captions.frame(frame);
    this.hearing.frame(frame);
    if (frame.t === "tick") this.feed.tick(frame);
    else if (frame.t === "ack") this.chat.acknowledged(frame.id, frame.message);
    else if (frame.t === "answer") this.air.answered(frame.sdp);
    else if (frame.t === "link" && frame.pc === "pub") this.air.link(frame.state);
    else if (frame.t === "held" && frame.pc === "pub") this.air.held(frame.key);
    this.show();
  }

  private refused(frame: ErrorFrame): void {
    if (this.chat.refused(frame) || this.asking.refused(frame)) return;
    if (this.slides.refused(frame) || this.captions.refused(frame)) return;
    this.going = false;
    const media = frame.t === "offer" || frame.t === "reclaim";
    if (media && frame.error === "taken") {
      this.assistant.refused();
      this.say("taken");
      void this.catchUp();
    } else if (media) this.air.refused(frame);
    else this.say(refusalWord(frame.error));
    this.show();
  }

  private event(event: PageEvent): void {
    if (this.asking.event(event) || this.captions.event(event)) return;
    // Who has the picture and whether it is live opens and closes devices: an answer from before would undo it.
    if (event.t === "state" || event.t === "on_air") this.stand.changed();
    if (event.t === "state") this.setState(event.state);
    else if (event.t === "break") this.onAir.breaks(event.until);
    else if (event.t === "slide") this.slides.told(event);
    else if (event.t === "air") this.onAir.heard(event);
    else if (event.t === "hand") this.hands.hand(event);
    else if (event.t === "hands_down") this.hands.all([]);
    else if (event.t === "speakers") this.staged(event.speakers);
    else if (event.t === "room") this.control.set(event.chat, event.locked);
    else if (event.t === "on_air") {
      this.sends(event);
      void this.catchUp();
    } else if (event.t === "muted" || event.t === "removed") {
      if (event.t === "muted" && event.member === this.data.you) this.chat.mute(event.on);
      void this.catchUp();
    }
  }

  private staged(speakers: OnStage[]): void {
    this.onStage = speakers;
    this.speakers.show(speakers);
    this.hearing.told(speakers);
  }

  private setState(state: string): void {
    const was = this.state;
    this.state = state;
    this.assistant.settle();
    if (state === "live" && was !== "live") {
      this.going = false;
      this.liveAt = this.clock.now();
      this.onAir.begins();
      if (was === "scheduled") void this.air.publish();
      else this.resumed();
    } else if (isOver(state)) {
      this.onAir.breaks(null);
      this.staged([]);
      this.preview.close();
      this.air.stop();
      this.chat.close();
      this.studio.close();
      if (state !== was) {
        this.say("");
        void this.catchUp();
      }
    }
    this.show();
  }

  /** A break: picture and sound leave the air, and come back by themselves when it is over. */
  private breakChanged(isBreak: boolean): void {
    if (this.state !== "live") return;
    this.say("");
    if (isBreak) this.air.stop();
    else void this.air.publish();
    this.show();
  }

  /** The end was undone: the devices, which were let go, are opened again, and the picture goes out by itself. */
  private resumed(): void {
    this.undoneUntil = 0;
    this.chat.open();
    this.say("");
    if (this.assistant.role === "presenter") void this.studio.open();
    void this.catchUp();
  }

  private sends(onAir: OnAirEvent | null): void {
    this.onAir.turn(onAir);
    this.assistant.changed(onAir);
  }

  /** Nobody has told yet by whom: a page that is still the presenter's, as after a mistake of the line, goes on. */
  private async replaced(): Promise<void> {
    this.assistant.refused();
    await this.catchUp();
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
    this.hearing.told(this.onStage);
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
    this.undoneUntil = state.undone_until ?? 0;
    this.voidReason = state.void_reason;
    this.recording.told = state.recording;
    this.people.restricted(state.restricted ?? []);
    this.sends(state.stage.on_air);
    this.staged(state.speakers ?? []);
    this.stands(state);
    this.setState(state.state);
  }

  private async catchUp(): Promise<void> {
    try {
      await this.stand.now();
    } catch {
      // The next gap, or the next return, asks again.
    }
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
    const isEarly = this.clock.now() < this.data.opens_at;
    this.go.hidden = live || over;
    const mayNot = this.lineWord !== "good" || this.going || isEarly;
    this.go.disabled = !stream || mayNot;
    const encoder = byId<HTMLButtonElement>("go-encoder");
    encoder.hidden = this.go.hidden || !this.data.encoder_key;
    encoder.disabled = mayNot;
    byId("encoder-step").hidden = over;
    // Nothing more is asked, and nothing to be looked at goes out.
    byId("poll-writing").hidden = over;
    byId("look-part").hidden = over;
    byId("end").hidden = !live || !byId("end-confirm").hidden;
    if (!live) byId("end-confirm").hidden = true;
    byId("here-step").hidden = this.lineWord !== "closed" || this.closed !== "elsewhere";
    byId("live-mark").hidden = !live;
    if (live && this.liveAt) {
      const time = clock(this.clock.now() - this.liveAt);
      byId("live-time").textContent = fill(this.words, "on_air", { time });
    }
    const undoable = this.lineWord === "closed" ? 0 : this.undoneUntil - this.clock.now();
    showAfter(this.words, { state: this.state, over, undoable });
    this.studio.show(over || this.assistant.role === "assistant");
    this.showWord(isEarly);
    const isMute = this.studio.soundProblem() === "mic_off";
    this.onAir.show({ state: this.state, endsAt: this.data.ends_at, sender: this.assistant.sender, isMute });
    this.recording.show(live);
    this.slides.open(!over);
    byId("cover").hidden = !over && !!stream && !!this.studio.picture();
    // What became of it stands at the desk, with the steps; twice on one page is once too often.
    byId("cover-text").textContent = over ? "" : byId("desk-state").textContent;
  }

  private showWord(isEarly: boolean): void {
    const word = deskWord({
      state: this.state,
      line: this.lineWord,
      closed: this.closed,
      problem: this.studio.problem,
      sound: this.studio.soundProblem(),
      isEarly,
      isAssistant: this.assistant.role === "assistant",
    });
    const box = byId("desk-state");
    write(box, fill(this.words, word, { reason: this.voidReason }));
    // What the audience gets stands above; how the line is, is no news while it is good.
    box.hidden = word === "good";
    box.className = `desk-state ${isGood(word) ? "good" : "off"}`;
  }
}

const data = readData<HostData>("host-data");
if (data) new Desk(data).start();
