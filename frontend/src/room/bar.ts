/** The bar at the picture while it is live: how long it has been, sound alone, full screen. */
import { floating } from "../lib/floating";
import { byId } from "../lib/page";
import type { RoomWords } from "../lib/sentences";
import { fill } from "../lib/words";
import { type LiveFacts, liveSaid } from "./shown";

export interface BarEvents {
  isSoundOnly(): boolean;
  soundOnly(on: boolean): void;
  full(): void;
}

export class Bar {
  private readonly sound = byId<HTMLButtonElement>("sound-only");
  private readonly float = floating(byId<HTMLVideoElement>("video"), byId("float"));

  constructor(
    private readonly words: RoomWords,
    private readonly events: BarEvents,
  ) {
    this.sound.addEventListener("click", () => this.soundOnly(!events.isSoundOnly()));
    byId("full").addEventListener("click", () => events.full());
  }

  soundOnly(on: boolean): void {
    this.sound.classList.toggle("on", on);
    this.sound.textContent = fill(this.words, on ? "picture_again" : "sound_only");
    this.events.soundOnly(on);
  }

  show(live: boolean, facts: LiveFacts): void {
    byId("live-mark").hidden = !live;
    byId("sound-only").hidden = !live;
    byId("full").hidden = !live;
    this.float(live && !this.events.isSoundOnly());
    const said = live ? liveSaid(facts) : null;
    if (said?.word) byId("live-time").textContent = fill(this.words, said.word, said.values);
  }
}
