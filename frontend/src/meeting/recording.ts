/** Whether the meeting is recorded: a red sign for everybody as long as it is, and the key of who leads it. */
import type { AirEvent, Command } from "../lib/frames";
import { byId, optional, write } from "../lib/page";
import type { MeetingWords } from "../lib/sentences";
import { Sure } from "../lib/sure";
import { fill } from "../lib/words";

const ON = 1;
const OFF = 0;
/** So long a media host needs to begin, or may be silent, before who leads is told that nothing is recorded. */
const PATIENCE_MS = 15_000;

export class Recording {
  private since: number | null = null;
  private seenAt = 0;
  private isFirst = true;
  private readonly sure = new Sure();

  constructor(
    private readonly words: MeetingWords,
    private readonly send: (command: Command) => boolean,
  ) {
    const button = optional("record-switch");
    button?.addEventListener("click", () => {
      const on = this.since === null;
      if (this.sure.tapped(on ? ON : OFF, this.paint)) this.send({ t: "record", on });
    });
    if (button) for (const one of [ON, OFF]) this.sure.shown(one, this.paint);
  }

  /** It is recorded since then (the server's milliseconds), or not; `now` likewise. */
  told(since: number | null, now: number): void {
    if (since === this.since && !this.isFirst) return;
    if (since !== null) this.seenAt = now;
    if (!this.isFirst || since !== null) {
      write(byId("recorded-note"), fill(this.words, since === null ? "recorded_no_more" : "recorded_now"));
      byId("recorded-note").hidden = false;
    }
    this.isFirst = false;
    this.since = since;
    byId("recorded").hidden = since === null;
    this.paint();
  }

  /** This page is in it no more, whatever is recorded there. */
  left(): void {
    byId("recorded").hidden = byId("recorded-note").hidden = true;
  }

  /** What the media host sees; told to who leads alone. */
  air(event: AirEvent, now: number): void {
    if (event.recording === "on") this.seenAt = now;
  }

  /** It should be recorded and is not, as far as who leads is told. */
  isFailing(now: number): boolean {
    return this.since !== null && now - this.seenAt > PATIENCE_MS;
  }

  private readonly paint = (): void => {
    const button = optional("record-switch");
    if (!button) return;
    const isSure = this.sure.is(this.since === null ? ON : OFF);
    if (this.since === null) write(button, fill(this.words, isSure ? "record_on_sure" : "record_on"));
    else write(button, fill(this.words, isSure ? "record_off_sure" : "record_off"));
  };
}
