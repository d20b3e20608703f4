/** The room of a meeting: everybody may be seen and heard; who leads it has more keys on the same page. */
import { Meter } from "../host/devices";
import { ServerClock } from "../lib/clock";
import { deviceId } from "../lib/device";
import type { Command, ErrorFrame, JoinedFrame, ServerFrame, Sitting } from "../lib/frames";
import { get } from "../lib/http";
import { Outbox } from "../lib/outbox";
import { byId, fitHeight, optional, readData, write } from "../lib/page";
import type { MeetingWords } from "../lib/sentences";
import { Sure } from "../lib/sure";
import { startTabs } from "../lib/tabs";
import { fill, oneOf } from "../lib/words";
import { Behind } from "../room/behind";
import { Chat } from "../room/chat";
import { Feed, type PageEvent } from "../room/feed";
import { Outage } from "../room/outage";
import { begun, isOver } from "../room/page";
import { WakeLock } from "../room/phone";
import { awaitReturn } from "../room/removed";
import { type ClosedWhy, type Line, RoomLine } from "../room/socket";
import { Faces } from "./faces";
import { Hearing } from "./hearing";
import { Notes } from "./notes";
import type { MeetingData, MeetingState } from "./page";
import { People } from "./people";
import { Recording } from "./recording";
import { Sending } from "./sending";
import { Surface, type Word } from "./surface";

const LISTEN_MS = 500;
const OUTSIDE_MS = 10_000;
const OWN_LEVEL = 0.06;
const END = -1;
const REFUSALS = [
  "too_early",
  "too_late",
  "state",
  "too_many",
  "too_long",
  "empty",
  "muted",
  "room_full",
  "not_restrictable",
] as const;
class MeetingRoom {
  private readonly words: MeetingWords;
  private readonly clock: ServerClock;
  private readonly chat: Chat;
  private readonly feed: Feed;
  private readonly line: RoomLine;
  private readonly outbox: Outbox;
  private readonly outage = new Outage();
  private readonly wakeLock = new WakeLock();
  private readonly behind: Behind;
  private readonly hearing: Hearing;
  private readonly sending: Sending;
  private readonly faces: Faces;
  private readonly people: People;
  private readonly notes: Notes;
  private readonly recording: Recording;
  private readonly surface: Surface;
  private readonly meter = new Meter();
  private readonly sure = new Sure();
  private metered: MediaStreamTrack | null = null;
  private state: string;
  private liveAt: number | null;
  private undoneUntil: number;
  private lineWord: Line = "connecting";
  private why: ClosedWhy | undefined;
  private isCounted = false;
  private seats: Sitting[] = [];
  private isHandUp = false;
  private said: Word | "" = "";

  constructor(private readonly data: MeetingData) {
    this.words = data.words;
    this.state = data.state;
    this.liveAt = data.live_at;
    this.undoneUntil = data.undone_until ?? 0;
    this.clock = new ServerClock(data.now);
    this.outbox = new Outbox({ owner: data.owner });
    // What a page does by itself says nothing; a tap that went nowhere does.
    const send = (command: Command): boolean => this.line.send(command);
    const press = (command: Command): boolean => this.send(command);
    this.line = new RoomLine(data.urls, {
      frame: (frame) => this.frame(frame),
      refused: (frame) => this.refused(frame),
      line: (line, why) => this.lineChanged(line, why),
      // A role has ended, or begun: the page has other keys.
      joined: (frame) => (frame.host === data.host ? this.joined(frame) : location.reload()),
    });
    this.chat = new Chat({ you: data.you, keep: `chat-${data.owner}-${data.occasion}`, words: data.words, send });
    this.behind = new Behind(send, () => this.isHearing());
    this.hearing = new Hearing({ send, changed: () => this.show() });
    this.sending = new Sending({ send, changed: () => this.show() });
    this.faces = new Faces(data.words, data.you, this.sending, this.hearing, (command) => this.line.send(command));
    this.people = new People(data.words, data.you, data.host, press);
    this.notes = new Notes(data.words, `notes-${data.owner}-${data.occasion}`, {
      send: press,
      refused: (error) => this.refuse(error),
    });
    this.recording = new Recording(data.words, press);
    this.surface = new Surface(data, this.sending, this.hearing);
    this.feed = new Feed(this.chat, {
      people: () => undefined,
      event: (event) => this.event(event),
      missed: () => void this.catchUp(),
    });
  }

  start(): void {
    this.chat.addAll(this.data.chat);
    this.take(this.data);
    startTabs(["chat", "notes", "people"]);
    fitHeight();
    this.buttons();
    this.show();
    window.setInterval(() => this.listen(), LISTEN_MS);
    // Who waits outside hears nothing of the room, and may know before they come in that it is recorded.
    window.setInterval(() => this.lineWord === "locked" && void this.catchUp(), OUTSIDE_MS);
    if (isOver(this.state)) {
      this.chat.close();
      if (this.undoneUntil < this.data.now) return;
    }
    this.line.start();
  }

  private buttons(): void {
    for (const kind of ["mic", "cam"] as const) {
      byId(kind).addEventListener("click", () => void this.sending.toggle(kind, this.isElsewhere()));
    }
    byId("hand").addEventListener("click", () => this.send({ t: "hand", up: !this.isHandUp }));
    byId("tap").addEventListener("click", () => this.hearing.play());
    optional("begin")?.addEventListener("click", () => this.send({ t: "go_live", source: deviceId() }));
    optional("resume-meeting")?.addEventListener("click", () => this.send({ t: "resume" }));
    const end = optional("end");
    const paint = (): void => {
      if (end) write(end, fill(this.words, this.sure.is(END) ? "end_sure" : "end"));
    };
    end?.addEventListener("click", () => {
      if (this.sure.tapped(END, paint)) this.send({ t: "end" });
    });
    if (end) this.sure.shown(END, paint);
    document.addEventListener("visibilitychange", () => this.visibility());
    window.addEventListener("pagehide", () => this.endOutage());
    window.addEventListener("resize", () => this.show());
  }

  private send(command: Command): boolean {
    const isOut = this.line.send(command);
    this.said = isOut || command.t === "beat" ? "" : "try_again";
    return isOut;
  }

  /** One is seen or heard; where this page sends nothing, by another device. */
  private isElsewhere(): boolean {
    const own = this.seats.find((one) => one.member === this.data.you);
    return !!own && (own.mic || own.cam);
  }

  private visibility(): void {
    this.behind.look();
    if (this.state === "live" && this.lineWord !== "closed") void this.wakeLock.hold();
  }

  private isHearing(): boolean {
    return !this.hearing.isOff && !this.hearing.isBlocked;
  }

  // --- what the room says ---------------------------------------------------------------------------------------

  private joined(frame: JoinedFrame): void {
    this.clock.set(frame.at);
    this.endOutage();
    this.isCounted = frame.counted;
    const isBack = this.feed.joined(frame);
    this.chat.allow(frame.chat);
    this.handTold(frame.hand);
    this.seated(frame.seats);
    this.notes.told(frame.notes);
    this.notes.joined();
    this.recording.told(frame.recorded_since, this.clock.now());
    this.people.locked(frame.locked);
    if (frame.waiting) this.people.waiting(frame.waiting);
    if (frame.stage) this.people.allHands(frame.stage.hands);
    this.behind.joined();
    this.faces.joined();
    this.setState(frame.state);
    this.sending.joined(frame.ice, frame.state === "live");
    if (frame.state === "live") this.hearing.start();
    if (isBack || frame.seq !== this.data.seq) void this.catchUp();
    this.show();
  }

  private frame(frame: ServerFrame): void {
    if (frame.t === "tick") this.feed.tick(frame);
    else if (frame.t === "counted") this.isCounted = frame.on;
    else if (frame.t === "ack") this.chat.acknowledged(frame.id, frame.message);
    else if (frame.t === "stored") this.notes.stored(frame.id);
    else if (frame.t === "media") this.hearing.chosen(frame.via, frame.ice);
    else if (frame.t === "faces") this.hearing.faces(frame.mids, frame.members);
    else if (frame.t === "offer") void this.hearing.offered(frame.sdp);
    else if (frame.t === "answer") this.sending.answered(frame.sdp);
    else if (frame.t === "held" && frame.pc === "sub") this.hearing.held(frame.key);
    else if (frame.t === "held" && frame.pc === "meet") this.sending.held(frame.key);
    else if (frame.t === "link" && frame.pc === "sub") this.hearing.link(frame.state);
    else if (frame.t === "link" && frame.pc === "meet") this.sending.link(frame.state);
    this.show();
  }

  private event(event: PageEvent): void {
    if (event.t === "state") {
      this.setState(event.state);
      void this.catchUp();
    } else if (event.t === "seats") this.seated(event.seats);
    else if (event.t === "waiting") this.people.waiting(event);
    else if (event.t === "notes") this.notes.told(event.notes);
    else if (event.t === "recorded") this.recording.told(event.since, this.clock.now());
    else if (event.t === "air") this.recording.air(event, this.clock.now());
    else if (event.t === "room") {
      this.chat.allow(event.chat);
      this.people.locked(event.locked);
    } else if (event.t === "silenced") {
      if (event.member === this.data.you) void this.sending.silenced("silenced");
      else if (!event.member && event.but !== this.data.you) void this.sending.silenced("silenced_all");
    } else if (event.t === "hands_down") {
      this.handTold(false);
      this.people.allHands([]);
    } else if (event.t === "hand") {
      this.people.hand(event);
      if (event.member === this.data.you) this.handTold(event.up);
    } else if (event.t === "muted" || event.t === "removed") {
      if (this.data.host) void this.catchUp();
      if (event.t === "muted" && event.member === this.data.you) {
        this.chat.mute(event.on);
        if (event.on) this.sending.refused("muted");
        else this.sending.forgive("muted");
      }
    }
    this.show();
  }

  private refused(frame: ErrorFrame): void {
    if (frame.t === "reclaim") {
      // Which of the two could not be taken up again is not said: both begin anew where they are wanted.
      this.hearing.link("hung_up");
      this.sending.link("hung_up");
    } else if (frame.t === "appear") this.sending.refused(frame.error);
    else if (!this.chat.refused(frame) && !this.notes.refused(frame)) this.refuse(frame.error);
    this.show();
  }

  private refuse(error: string): void {
    this.said = oneOf(REFUSALS, error) ?? "try_again";
    this.show();
  }

  private seated(seats: Sitting[]): void {
    this.seats = seats;
    this.people.told(seats);
    if (seats.some((one) => one.member === this.data.you && one.floor))
      this.sending.forgive("silenced", "silenced_all");
  }

  private handTold(up: boolean): void {
    this.isHandUp = up;
    write(byId("hand"), fill(this.words, up ? "hand_down" : "hand"));
  }

  private setState(state: string): void {
    const was = this.state;
    this.state = state;
    if (state !== "scheduled") begun();
    this.sending.live(state === "live");
    if (state === "live" && was !== "live") {
      this.liveAt = this.clock.now();
      this.chat.open();
      void this.wakeLock.hold();
      if (this.lineWord === "good") this.hearing.start();
    } else if (state !== "live" && was === "live") {
      this.hearing.stop();
      this.wakeLock.release();
    }
    if (isOver(state)) this.chat.close();
  }

  private take(state: MeetingState): void {
    this.liveAt = state.live_at;
    this.undoneUntil = state.undone_until ?? 0;
    this.seated(state.seats);
    this.notes.told(state.notes);
    this.recording.told(state.recorded_since, this.clock.now());
    this.people.locked(state.locked);
    this.people.restricted(state.restricted ?? []);
    if (state.stage) this.people.allHands(state.stage.hands);
  }

  private async catchUp(): Promise<void> {
    const state = await get<MeetingState>(this.data.urls.state);
    this.chat.addAll(state.chat);
    this.chat.allow(state.talk);
    this.take(state);
    if (state.state !== this.state) this.setState(state.state);
    // Since then, and not since this page heard of it.
    this.liveAt = state.live_at;
    this.show();
  }

  // --- the line -------------------------------------------------------------------------------------------------

  private lineChanged(line: Line, why?: ClosedWhy): void {
    const isUp = (one: Line): boolean => one === "good" || one === "weak";
    if (isUp(this.lineWord) && !isUp(line) && this.isCounted && this.state === "live" && this.line.lastHeard()) {
      this.outage.begin(this.line.lastHeard());
      this.isCounted = false;
    }
    this.lineWord = line;
    this.said = "";
    if (line === "closed") {
      this.why = why;
      this.wakeLock.release();
      this.hearing.stop();
      this.sending.stop();
      this.chat.close();
      if (why === "signed_out" || why === "rights" || why === "removed") this.chat.clear();
      this.recording.left();
      // Who is removed just while coming in hears only that they have no right.
      if (why === "removed" || why === "rights") awaitReturn(this.data.urls.ticket, () => location.reload());
      this.endOutage();
    }
    this.show();
  }

  private endOutage(): void {
    const heard = this.outage.end();
    if (heard) this.outbox.add(this.data.urls.outbox, { device: deviceId(), ...heard });
  }

  // --- who speaks, and what is shown ------------------------------------------------------------------------------

  private listen(): void {
    const now = performance.now();
    this.behind.look();
    this.hearing.listen(now);
    const own = this.sending.microphone;
    if (own !== this.metered) {
      this.metered = own;
      if (own) this.meter.listen(new MediaStream([own]));
    }
    if (own && (this.meter.level() ?? 0) > OWN_LEVEL) this.hearing.heard.set(this.data.you, now);
    // Heard without a line: what came by the media connection counts.
    if (this.outage.isOpen && this.isHearing() && this.hearing.flows()) this.outage.goOn(this.clock.now());
    this.show();
  }

  private show(): void {
    const isLive = this.state === "live" && this.lineWord !== "closed";
    const { you } = this.data;
    const seen = this.faces.show(isLive && Hearing.can() ? this.seats : [], this.lineWord === "good");
    this.surface.show({
      state: this.state,
      isLive,
      line: this.lineWord,
      why: this.why,
      door: this.line.door,
      isHere: this.isCounted,
      here: this.seats.length,
      isSent: this.seats.some((one) => one.member !== you && (one.mic || one.cam)),
      seen,
      now: this.clock.now(),
      liveAt: this.liveAt,
      undoneUntil: this.undoneUntil,
      isHandUp: this.isHandUp,
      hasFloor: isLive && this.seats.some((one) => one.member === you && one.floor),
      said: this.said || (this.data.host && this.recording.isFailing(this.clock.now()) ? "not_recorded" : ""),
    });
    this.notes.open(!isOver(this.state));
  }
}

const data = readData<MeetingData>("meeting-data");
if (data) new MeetingRoom(data).start();
