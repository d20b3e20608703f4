/**
 * A room that is played in the page: it understands what a host commands and says what the server would say, to the
 * same frames (lib/frames.ts: another protocol fails the build). It knows no DOM, no clock and no network.
 */

import type { HostState, PeoplePage, Restricted } from "../host/page";
import type {
  ChatEvent,
  Command,
  ErrorFrame,
  HandEvent,
  OnAirEvent,
  OnStage,
  QuestionEvent,
  RoomEvent,
  ServerFrame,
  SlideEvent,
  StateChangedEvent,
} from "../lib/frames";
import type { CaptionRow } from "../room/captions";
import { castOf, momentAt, PEOPLE, presentAfter, type Script, type Simulated } from "./cast";
import { isOfPolls, RehearsedPolls } from "./polls";

export interface Stagehand {
  say(frame: ServerFrame | ErrorFrame): void;
  /** Milliseconds of the page's clock. */
  now(): number;
  chance(): number;
  /** How many pages a deck has. */
  pagesOf(deck: string): number;
  /** A description of the host's picture came: the mirror answers it. */
  offered(sdp: string, again: boolean): void;
  candidate(candidate: RTCIceCandidateInit | null): void;
  hungUp(): void;
  /** Whether the picture goes out. */
  isSeen(): boolean;
}

export interface Host {
  member: number;
  name: string;
  unit: string;
}

const A_PAGE = 20;
const UNDO_MS = 600_000;
const ACCEPTS_S = 3;
const HEARTBEAT_S = 3;

export class RehearsedRoom {
  readonly polls = new RehearsedPolls();
  private readonly cast: Simulated[];
  private readonly chat: ChatEvent[] = [];
  private readonly questions: QuestionEvent[] = [];
  private readonly held: Restricted[] = [];
  private readonly captions: CaptionRow[] = [];
  private hands: HandEvent[] = [];
  private speakers: OnStage[] = [];
  private invited: { member: number; at: number }[] = [];
  private state: StateChangedEvent["state"] = "scheduled";
  private onAir: OnAirEvent | null = null;
  private slide: SlideEvent = { t: "slide", deck: "", page: 0, pages: 0 };
  private notice = "";
  private breakUntil: number | null = null;
  private undoneUntil: number | null = null;
  private liveAt: number | null = null;
  private isTalk = true;
  private isLocked = false;
  /** Whoever is in when the room is locked stays; nobody else comes. */
  private most = PEOPLE;
  private seconds = 0;
  private seq = 0;
  private last = 0;
  private isUnclear = false;

  constructor(
    private readonly script: Script,
    private readonly host: Host,
    private readonly hand: Stagehand,
  ) {
    this.cast = castOf(script);
  }

  get people(): number {
    return this.here().length;
  }

  /** The page has a line. */
  join(): void {
    this.hand.say({
      t: "joined",
      at: this.hand.now(),
      seq: this.seq,
      state: this.state,
      counted: false,
      you: this.host.member,
      host: true,
      people: this.people,
      picture: this.hand.isSeen(),
      muted: false,
      ice: [],
      hand: false,
      chat: this.isTalk,
      locked: this.isLocked,
      stage: { on_air: this.onAir, hands: this.hands, unclear: this.isUnclear ? 3 : 0 },
      break_until: this.breakUntil,
      slide: this.slide,
      speakers: this.speakers,
      seats: [],
      notes: [],
      waiting: null,
      recorded_since: null,
    });
  }

  /** What the page fetches after a change. */
  told(): Omit<HostState, "recording" | "slides_url" | "ends_at"> {
    return {
      state: this.state,
      now: this.hand.now(),
      live_at: this.liveAt,
      undone_until: this.undoneUntil,
      void_reason: "",
      hls_url: "",
      break_until: this.breakUntil,
      chat: this.chat.slice(-50),
      asking: {
        poll: null,
        choice: null,
        notice: this.notice,
        questions: this.questions,
        voted: [],
        polls: this.polls.all,
      },
      captions: this.captions,
      speakers: this.speakers,
      restricted: this.held,
      talk: this.isTalk,
      locked: this.isLocked,
      stage: { on_air: this.onAir, hands: this.hands },
      air_log: [],
      slide: this.slide,
    };
  }

  /** Who is in, as the list on the people's tab asks for it. */
  listed(query: string, unit: number, page: number, of = ""): PeoplePage {
    const here = this.here();
    const fits = (id: number): boolean => (this.script.units[id - 1] ?? "").indexOf(of) >= 0;
    const found = here.filter(
      (one) => one.name.indexOf(query) >= 0 && (!unit || one.unitId === unit) && fits(one.unitId),
    );
    const pages = Math.max(1, Math.ceil(found.length / A_PAGE));
    const at = Math.min(Math.max(1, page), pages);
    const units = this.script.units
      .map((name, nth) => ({ id: nth + 1, name, n: here.filter((one) => one.unitId === nth + 1).length }))
      .filter(({ id }) => fits(id));
    const rows = found.slice((at - 1) * A_PAGE, at * A_PAGE);
    return { found: found.length, page: at, pages, rows, units, more_units: 0 };
  }

  // --- what the host commands ------------------------------------------------------------------------------------

  take(command: Command): void {
    if (this.taken(command) || this.asked(command) || this.led(command)) return;
    if (command.t === "offer") this.hand.offered(command.sdp, command.again);
    else if (command.t === "candidate") this.hand.candidate(command.candidate);
    else if (command.t === "unpublish") this.hand.hungUp();
    // The simulated on the stage make no sound: there is nothing to be heard by WebRTC.
    else if (command.t === "watch") this.hand.say({ t: "media", via: "wait", ice: [] });
  }

  /** The lecture itself: its beginning, its breaks, its end. Returns whether it was about that. */
  private taken(command: Command): boolean {
    const now = this.hand.now();
    if (command.t === "go_live") {
      this.liveAt = now;
      this.turn(command.source ?? "");
      this.becomes("live");
    } else if (command.t === "end") {
      this.undoneUntil = now + UNDO_MS;
      this.speakers = [];
      this.hand.hungUp();
      this.becomes("ended");
    } else if (command.t === "resume") {
      this.undoneUntil = null;
      this.becomes("live");
    } else if (command.t === "take_break" || command.t === "go_on") {
      this.breakUntil = command.t === "take_break" ? now + command.minutes * 60_000 : null;
      this.say({ t: "break", until: this.breakUntil });
    } else return false;
    return true;
  }

  /** The talk, questions, polls, captions, slides. */
  private asked(command: Command): boolean {
    if (command.t === "chat") {
      this.talk(this.host, command.text, command.id);
    } else if (command.t === "hide_message") {
      const place = this.chat.findIndex((one) => one.message === command.message);
      if (place >= 0) this.chat.splice(place, 1);
      this.say({ t: "hidden", message: command.message });
    } else if (command.t === "question_mark") {
      const found = this.questions.find((one) => one.question === command.question);
      if (found) found.state = command.state;
      this.say({ t: "marked", question: command.question, state: command.state });
    } else if (command.t === "pin") {
      this.notice = command.text;
      this.say({ t: "pinned", text: command.text });
    } else if (command.t === "caption") {
      this.last += 1;
      this.captions.push([this.last, command.text]);
      this.hand.say({ t: "stored", id: command.id, item: this.last });
      this.say({ t: "captions", lines: [this.last], texts: [command.text] });
    } else if (command.t === "caption_drop") {
      this.say({ t: "caption_dropped", line: command.line });
    } else if (command.t === "show_slide" || command.t === "hide_slides") {
      const shown = command.t === "show_slide" ? command : { deck: "", page: 0 };
      this.slide = { t: "slide", deck: shown.deck, page: shown.page, pages: this.hand.pagesOf(shown.deck) };
      this.say(this.slide);
    } else return this.polled(command);
    return true;
  }

  private polled(command: Command): boolean {
    if (!isOfPolls(command)) return false;
    const error = this.polls.take(command);
    if (error) this.hand.say({ error, t: command.t, ...("id" in command ? { id: command.id } : {}) });
    else if (command.t === "poll_save") {
      this.hand.say({ t: "stored", id: command.id, item: command.poll || this.polls.newest });
      this.say({ t: "polls" });
    } else this.say(this.polls.event(command.poll) ?? { t: "polls" });
    return true;
  }

  /** People: their hands, their words, their places. */
  private led(command: Command): boolean {
    if (command.t === "mute" || command.t === "remove") {
      const kind = command.t === "mute" ? "muted" : "removed";
      const place = this.held.findIndex((one) => one.member === command.member && one.kind === kind);
      if (place >= 0) this.held.splice(place, 1);
      const found = this.cast.find((one) => one.member === command.member);
      if (command.on && found) this.held.push({ member: found.member, name: found.name, kind });
      if (command.on) this.leaves(command.member);
      this.say({ t: kind, member: command.member, on: command.on });
    } else if (command.t === "lower") this.lower(command.member);
    else if (command.t === "lower_all") {
      this.hands = [];
      this.say({ t: "hands_down" });
    } else if (command.t === "open_chat" || command.t === "lock") {
      if (command.t === "lock") {
        this.most = command.on ? presentAfter(this.seconds) : PEOPLE;
        this.isLocked = command.on;
      } else this.isTalk = command.on;
      this.say({ t: "room", chat: this.isTalk, locked: this.isLocked });
    } else if (command.t === "invite") {
      this.invite(command.member);
    } else if (command.t === "take_down") this.leaves(command.member);
    else if (command.t === "take_down_all") {
      this.speakers = [];
      this.say({ t: "speakers", speakers: [] });
    } else return false;
    return true;
  }

  private invite(member: number): void {
    const found = this.cast.find((one) => one.member === member);
    if (!found || this.speakers.some((one) => one.member === member)) return;
    this.lower(member);
    const { name, unit } = found;
    this.speakers = [...this.speakers, { member, name, unit, on: false, sound: false, picture: false, shown: false }];
    this.invited.push({ member, at: this.seconds + ACCEPTS_S });
    this.say({ t: "speakers", speakers: this.speakers });
  }

  // --- what happens by itself ------------------------------------------------------------------------------------

  /** A second goes by: they come, talk, ask, raise a hand, answer. */
  second(): void {
    this.seconds += 1;
    const live = this.state === "live" && this.breakUntil === null;
    const moment = momentAt(this.seconds);
    const events: RoomEvent[] = [];
    const { lines, questions } = this.script;
    if (moment.line >= 0 && this.isTalk) this.talk(this.someone(), lines[moment.line % lines.length] ?? "");
    if (moment.hand >= 0 && live) events.push(...this.raises());
    if (moment.question >= 0) events.push(...this.asks(questions[moment.question % questions.length] ?? ""));
    if (moment.clap && live) events.push({ t: "reactions", kinds: ["clap", "like"] });
    if (this.isUnclear !== moment.unclear > 0) {
      this.isUnclear = moment.unclear > 0;
      events.push({ t: "unclear", people: moment.unclear });
    }
    events.push(...this.accepts());
    const poll = this.polls.second(this.people, this.hand.chance);
    if (poll) events.push({ t: "tally", poll: poll.poll, counts: poll.counts });
    if (live) events.push(this.air());
    if (events.length > 0 || this.seconds % HEARTBEAT_S === 0) this.say(...events);
  }

  /** The facts that the media host would tell, of what this page really sends. */
  private air(): RoomEvent {
    const seen = this.hand.isSeen();
    return { t: "air", at: this.hand.now(), picture: seen, sound: seen, written: seen, recording: "none" };
  }

  private accepts(): RoomEvent[] {
    const now = this.invited.filter((one) => one.at <= this.seconds).map((one) => one.member);
    if (now.length === 0) return [];
    this.invited = this.invited.filter((one) => one.at > this.seconds);
    this.speakers = this.speakers.map((one) => (now.indexOf(one.member) < 0 ? one : { ...one, on: true, sound: true }));
    const first = this.cast.find((one) => one.member === now[0]);
    if (first) this.talk(first, this.script.on_stage);
    return [{ t: "speakers", speakers: this.speakers }];
  }

  private raises(): RoomEvent[] {
    const { member, name, unit } = this.someone();
    if (this.hands.some((one) => one.member === member)) return [];
    const raised: HandEvent = { t: "hand", member, name, unit, up: true, at: this.hand.now() };
    this.hands = [...this.hands, raised];
    return [raised];
  }

  private asks(text: string): RoomEvent[] {
    this.last += 1;
    const { member, name, unit } = this.someone();
    const asked: QuestionEvent = {
      ...{ t: "question", question: this.last, member, name, unit, text, at: this.hand.now() },
      ...{ votes: 1 + Math.floor(this.hand.chance() * 5), state: "waiting" },
    };
    this.questions.push(asked);
    return [asked];
  }

  private talk(who: { member: number; name: string; unit: string }, text: string, id = ""): void {
    const { member, name, unit } = who;
    const host = member === this.host.member;
    if (!host && this.isHeld(member, "muted")) return;
    this.last += 1;
    const line: ChatEvent = { t: "chat", message: this.last, member, name, unit, text, at: this.hand.now(), host };
    this.chat.push(line);
    if (id) this.hand.say({ t: "ack", id, message: this.last });
    this.say(line);
  }

  private lower(member: number): void {
    const raised = this.hands.find((one) => one.member === member);
    this.hands = this.hands.filter((one) => one !== raised);
    if (raised) this.say({ ...raised, up: false });
  }

  /** Off the stage, and without a hand. */
  private leaves(member: number): void {
    this.lower(member);
    this.invited = this.invited.filter((one) => one.member !== member);
    if (!this.speakers.some((one) => one.member === member)) return;
    this.speakers = this.speakers.filter((one) => one.member !== member);
    this.say({ t: "speakers", speakers: this.speakers });
  }

  private turn(source: string): void {
    const { member: host, name, unit } = this.host;
    this.onAir = {
      ...{ t: "on_air", turn: 1, host, name, unit, source, at: this.hand.now(), here: true, offered: false },
      ...{ before: "", before_name: "", awaits: false },
    };
    this.say(this.onAir);
  }

  private becomes(state: StateChangedEvent["state"]): void {
    this.state = state;
    this.breakUntil = null;
    this.say({ t: "state", state });
  }

  private isHeld(member: number, kind: string): boolean {
    return this.held.some((one) => one.member === member && one.kind === kind);
  }

  private here(): Simulated[] {
    const came = this.cast.slice(0, Math.min(this.most, presentAfter(this.seconds)));
    return came.filter((one) => !this.isHeld(one.member, "removed"));
  }

  private someone(): Simulated {
    const here = this.here();
    const found = here[Math.floor(this.hand.chance() * here.length)] ?? this.cast[0];
    if (!found) throw new Error("nobody is simulated");
    return found;
  }

  private say(...events: RoomEvent[]): void {
    if (events.length > 0) this.seq += 1;
    this.hand.say({ t: "tick", seq: this.seq, people: this.people, left_out: 0, events });
  }
}
