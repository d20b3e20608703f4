/** The bar at the picture while it is live: how long it has been, sound alone, full screen. */
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
  constructor(
    private readonly words: RoomWords,
    events: BarEvents,
  ) {
    const sound = byId<HTMLButtonElement>("sound-only");
    sound.addEventListener("click", () => {
      const on = !events.isSoundOnly();
      sound.classList.toggle("on", on);
      sound.textContent = fill(words, on ? "picture_again" : "sound_only");
      events.soundOnly(on);
    });
    byId("full").addEventListener("click", () => events.full());
  }

  show(live: boolean, facts: LiveFacts): void {
    byId("live-mark").hidden = !live;
    byId("sound-only").hidden = !live;
    byId("full").hidden = !live;
    const said = live ? liveSaid(facts) : null;
    if (said?.word) byId("live-time").textContent = fill(this.words, said.word, said.values);
  }
}
