/** Going live, with the devices of this page or with an encoder. */
import type { Command } from "../lib/frames";
import { byId, optional } from "../lib/page";
import { ENCODER } from "./stage";

export interface GoingEvents {
  /** Returns whether it went out. */
  send(command: Command): boolean;
  signed(command: { t: "go_live" }): Command;
  /** The devices of this page are open. */
  isReady(): boolean;
  /** The wish went out, or it did not. */
  began(isGoing: boolean): void;
}

export interface GoingFacts {
  /** It is live, or over. */
  isDone: boolean;
  isEarly: boolean;
  isConnected: boolean;
  hasEncoder: boolean;
}

export class Going {
  private isGoing = false;
  private readonly go = byId<HTMLButtonElement>("go");
  private readonly encoder = byId<HTMLButtonElement>("go-encoder");

  constructor(private readonly events: GoingEvents) {
    this.go.addEventListener("click", () => {
      if (events.isReady()) this.begin(events.signed({ t: "go_live" }));
    });
    this.encoder.addEventListener("click", () => this.begin({ t: "go_live", source: ENCODER }));
  }

  /** It is live, or was refused. */
  done(): void {
    this.isGoing = false;
  }

  show({ isDone, isEarly, isConnected, hasEncoder }: GoingFacts): void {
    const mayNot = !isConnected || this.isGoing || isEarly;
    this.go.hidden = isDone;
    this.go.disabled = !this.events.isReady() || mayNot;
    this.encoder.hidden = isDone || !hasEncoder;
    this.encoder.disabled = mayNot;
    const rehearse = optional("rehearse");
    if (rehearse) rehearse.hidden = isDone;
  }

  private begin(command: Command): void {
    this.isGoing = this.events.send(command);
    this.events.began(this.isGoing);
  }
}
