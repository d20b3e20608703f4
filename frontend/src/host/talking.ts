/** Who speaks with the lecturer: their rows at the desk, and their voices in the lecturer's ears. */
import type { Command, OnStage, ServerFrame } from "../lib/frames";
import type { HostWords } from "../lib/sentences";
import { Hearing } from "./hearing";
import { Speakers } from "./speakers";

export interface TalkingEvents {
  send(command: Command): boolean;
  press(command: Command): void;
  /** The lecture goes on, and there is no break: somebody can be on the stage. */
  isOpen(): boolean;
  /** This page sends the picture. */
  isPresenter(): boolean;
}

export class Talking {
  private readonly speakers: Speakers;
  private readonly hearing: Hearing;

  constructor(
    words: HostWords,
    private readonly events: TalkingEvents,
  ) {
    this.speakers = new Speakers(words, (command) => events.press(command));
    this.hearing = new Hearing({
      send: (command) => events.send(command),
      isPresenter: () => events.isOpen() && events.isPresenter(),
    });
  }

  /** Who is on the stage now. */
  told(speakers: OnStage[]): void {
    this.speakers.show(speakers, this.events.isOpen());
    this.hearing.told(speakers);
  }

  /** Whether this page sends, or the lecture goes on, may be another; the stage is the same. */
  turned(): void {
    this.hearing.told();
  }

  joined(): void {
    this.hearing.joined();
  }

  frame(frame: ServerFrame): void {
    this.hearing.frame(frame);
  }
}
