/** What stands above the lecturer's picture: since when it is live, what the audience gets, the time left, the break. */
import { clock, type ServerClock } from "../lib/clock";
import type { AirEvent, Command, OnAirEvent } from "../lib/frames";
import { byId, write } from "../lib/page";
import type { HostWords } from "../lib/sentences";
import { fill } from "../lib/words";
import { alarm } from "./alarm";
import { type HeadlineFacts, headline, isUnrecorded, timeLeft } from "./headline";

export interface OnAirEvents {
  /** Sends it, at once or as soon as the line is there, or says that it could not. */
  press(command: Command): void;
  say(word: keyof HostWords): void;
  /** The break began (true) or is over: the picture leaves the air, or comes back. */
  changed(isBreak: boolean): void;
  /** The recording stopped or goes on: the server has the sentence. */
  recording(): void;
}

export interface OnAirFacts {
  state: string;
  liveAt: number | null;
  endsAt: number;
  sender: string;
  isMute: boolean;
}

export class OnAir {
  private breakUntil: number | null = null;
  private air: AirEvent | null = null;
  private cameAt = 0;
  private since = performance.now();
  private ofTurn = 0;
  private shown = "";
  private wasUnrecorded = false;
  private readonly box = byId("headline");
  private readonly card = byId("break");

  constructor(
    private readonly words: HostWords,
    private readonly clock: ServerClock,
    private readonly events: OnAirEvents,
  ) {
    byId("break-open").addEventListener("click", () => this.ask(!!this.card.hidden));
    byId("break-no").addEventListener("click", () => this.ask(false));
    byId("go-on").addEventListener("click", () => events.press({ t: "go_on" }));
    byId<HTMLFormElement>("break-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.take(Number(byId<HTMLInputElement>("break-minutes").value));
    });
    for (const key of Array.from(document.querySelectorAll<HTMLButtonElement>("[data-break]"))) {
      key.addEventListener("click", () => this.take(Number(key.dataset.break)));
    }
  }

  get isBreak(): boolean {
    return this.breakUntil !== null;
  }

  /** From now on the picture is on its way: no alarm until it has had its time. */
  begins(): void {
    this.since = performance.now();
    this.air = null;
  }

  /** Another page sends from now on. The same one again, as after each return of the line, begins nothing. */
  turn(onAir: OnAirEvent | null): void {
    const turn = onAir?.turn ?? 0;
    if (turn !== this.ofTurn) this.begins();
    this.ofTurn = turn;
  }

  heard(event: AirEvent): void {
    this.air = event;
    this.cameAt = performance.now();
  }

  /** As the server says, on joining and whenever it changes. */
  breaks(until: number | null): void {
    const was = this.isBreak;
    this.breakUntil = until;
    if (until !== null) this.ask(false);
    if (was === this.isBreak) return;
    this.ask(false);
    if (!this.isBreak) this.begins();
    this.events.changed(this.isBreak);
  }

  show(facts: OnAirFacts): void {
    const now = this.clock.now();
    const live = facts.state === "live";
    const all: HeadlineFacts = {
      ...facts,
      breakUntil: this.breakUntil,
      now,
      air: this.air,
      age: performance.now() - this.cameAt,
      sending: performance.now() - this.since,
    };
    byId("live-mark").hidden = !live;
    if (live && facts.liveAt) write(byId("live-time"), fill(this.words, "on_air", { time: clock(now - facts.liveAt) }));
    this.showHeadline(all);
    this.showRecording(all);
    byId("break-open").hidden = !live;
    byId("break-open").textContent = fill(this.words, this.isBreak ? "break_change" : "break_take");
    byId("go-on").hidden = !live || !this.isBreak;
    if (!live) this.card.hidden = true;
    const left = (this.breakUntil ?? 0) - now;
    const time = clock(Math.ceil(Math.max(0, left) / 1000) * 1000);
    write(byId("break-left"), live && this.isBreak && left > 0 ? fill(this.words, "break_left", { time }) : "");
    const plan = live ? timeLeft(now, facts.endsAt) : null;
    write(byId("time-left"), plan ? fill(this.words, plan.word, { m: plan.m }) : "");
    write(byId("time-hint"), plan?.isHint ? fill(this.words, "time_hint") : "");
  }

  private showHeadline(facts: HeadlineFacts): void {
    const found = headline(facts);
    this.box.hidden = !found;
    write(this.box, found ? fill(this.words, found.word, { name: facts.sender }) : "");
    this.box.className = `headline ${found?.tone ?? ""}`;
    // Once a change: an alarm that goes on is switched off, with the one that matters next.
    if (found?.tone === "bad" && this.shown !== found.word) alarm();
    this.shown = found?.word ?? "";
  }

  private showRecording(facts: HeadlineFacts): void {
    const off = isUnrecorded(facts);
    byId("unrecorded").hidden = !off;
    if (off !== this.wasUnrecorded) this.events.recording();
    this.wasUnrecorded = off;
  }

  private ask(open: boolean): void {
    this.card.hidden = !open;
    byId("break-open").setAttribute("aria-expanded", String(open));
  }

  private take(minutes: number): void {
    if (!Number.isInteger(minutes) || minutes < 1) this.events.say("break_length");
    else this.events.press({ t: "take_break", minutes });
  }
}
