/** A page in the background: the server is told whether it is listened to, and told again when its sound begins there. */
import type { Command } from "../lib/frames";

export class Behind {
  /** What the server knows of a page in the background; null: nothing, it is in front. */
  private told: boolean | null = null;

  constructor(
    private readonly send: (command: Command) => boolean,
    private readonly hasSound: () => boolean,
  ) {}

  /** Another socket, which takes the page to be in front. */
  joined(): void {
    this.told = null;
    this.look();
  }

  /** The page went behind or came to the front; asked once a second besides. A sound that falters is not its end. */
  look(): void {
    if (document.visibilityState !== "hidden") {
      if (this.told !== null) this.send({ t: "show" });
      this.told = null;
    } else if (this.told !== true) {
      const sound = this.hasSound();
      if (sound !== this.told && this.send({ t: "hide", sound })) this.told = sound;
    }
  }
}
