/** The member's hand: up or down as hosts see it; what was tapped without a line goes out with the next one. */
import type { Command } from "../lib/frames";
import { byId } from "../lib/page";
import type { RoomWords } from "../lib/sentences";
import { fill } from "../lib/words";

export class Hand {
  isUp = false;
  /** What was tapped and has not gone out. */
  private asked: boolean | null = null;
  private readonly key = byId<HTMLButtonElement>("hand");

  constructor(
    private readonly words: RoomWords,
    private readonly send: (command: Command) => boolean,
    private readonly changed: () => void,
  ) {
    this.key.addEventListener("click", () => {
      const up = !this.isUp;
      this.asked = this.send({ t: "hand", up }) ? null : up;
      this.told(up);
    });
  }

  /** What the server keeps is what hosts see: a hand that was lowered meanwhile does not go up by itself. */
  joined(up: boolean): void {
    if (this.asked === null) this.told(up);
    else if (this.send({ t: "hand", up: this.asked })) this.asked = null;
  }

  told(up: boolean): void {
    this.isUp = up;
    this.key.textContent = fill(this.words, up ? "hand_down" : "hand");
    this.changed();
  }

  allow(on: boolean): void {
    this.key.disabled = !on;
  }
}
