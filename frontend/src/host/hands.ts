/** Raised hands in their order, as the server keeps them. */
import type { Command, HandEvent } from "../lib/frames";
import { KeyedList, type KeyedRow } from "../lib/keyed";
import { byId, write } from "../lib/page";
import type { HostWords } from "../lib/sentences";
import { fill } from "../lib/words";
import { type PersonTools, row, tool } from "./rows";

/** A hand with its place in the row. */
interface Placed {
  hand: HandEvent;
  place: number;
}

/** The hands as they went up; of one moment in the order of their people. */
export function inOrder(hands: Iterable<HandEvent>): HandEvent[] {
  return Array.from(hands).sort((one, other) => one.at - other.at || one.member - other.member);
}

export class Hands {
  private hands = new Map<number, HandEvent>();
  private readonly list = new KeyedList<Placed>(byId("hands"), {
    key: ({ hand }) => hand.member,
    shape: ({ hand }) => JSON.stringify([hand.name, hand.unit]),
    make: ({ hand }) => this.row(hand),
  });

  constructor(
    private readonly words: HostWords,
    private readonly press: (command: Command) => void,
    private readonly tools: PersonTools,
    private readonly changed: (count: number) => void,
  ) {
    byId("lower-all").addEventListener("click", () => this.press({ t: "lower_all" }));
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
    this.list.show(inOrder(this.hands.values()).map((hand, place) => ({ hand, place })));
    byId("hands-empty").hidden = this.hands.size > 0;
    byId("lower-all").hidden = this.hands.size < 2;
    if (this.hands.size > 1) byId("lower-all").textContent = fill(this.words, "lower_all", { n: this.hands.size });
    this.changed(this.hands.size);
  }

  private row({ member, name, unit }: HandEvent): KeyedRow<Placed> {
    const lower = tool(this.words, "lower", () => this.press({ t: "lower", member }));
    const invite = tool(this.words, "invite", () => this.press({ t: "invite", member }));
    const { element, text } = row("", [invite, lower, ...this.tools({ member, name })]);
    const who = unit ? `${name} · ${unit}` : name;
    return { element, update: ({ place }) => write(text, `${place + 1}. ${who}`) };
  }
}
