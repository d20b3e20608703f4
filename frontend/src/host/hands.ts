/** Raised hands in their order, as the server keeps them. */
import type { Command, HandEvent } from "../lib/frames";
import { byId } from "../lib/page";
import type { HostWords } from "../lib/sentences";
import { fill } from "../lib/words";
import { type PersonTools, row, tool } from "./rows";

/** The hands as they went up; of one moment in the order of their people. */
export function inOrder(hands: Iterable<HandEvent>): HandEvent[] {
  return Array.from(hands).sort((one, other) => one.at - other.at || one.member - other.member);
}

export class Hands {
  private hands = new Map<number, HandEvent>();

  constructor(
    private readonly words: HostWords,
    private readonly send: (command: Command) => boolean,
    private readonly tools: PersonTools,
    private readonly changed: (count: number) => void,
  ) {
    byId("lower-all").addEventListener("click", () => this.send({ t: "lower_all" }));
    this.draw();
  }

  /** All of them, as a return or a fresh page hears them. */
  all(hands: HandEvent[]): void {
    this.hands = new Map(hands.map((hand) => [hand.member, hand]));
    this.draw();
  }

  hand(event: HandEvent): void {
    if (event.up) this.hands.set(event.member, event);
    else this.hands.delete(event.member);
    this.draw();
  }

  private draw(): void {
    const list = byId("hands");
    list.textContent = "";
    inOrder(this.hands.values()).forEach((hand, index) => {
      const lower = tool(this.words, "lower", () => this.send({ t: "lower", member: hand.member }));
      const who = hand.unit ? `${hand.name} · ${hand.unit}` : hand.name;
      list.appendChild(row(`${index + 1}. ${who}`, [lower, ...this.tools(hand)]));
    });
    byId("hands-empty").hidden = this.hands.size > 0;
    byId("lower-all").hidden = this.hands.size < 2;
    if (this.hands.size > 1) byId("lower-all").textContent = fill(this.words, "lower_all", { n: this.hands.size });
    this.changed(this.hands.size);
  }
}
