/** The stage on the host's page: who is on it or asked up, each with the way down. */
import type { Command, OnStage } from "../lib/frames";
import { KeyedList, type KeyedRow } from "../lib/keyed";
import { byId, write } from "../lib/page";
import type { HostWords } from "../lib/sentences";
import { fill } from "../lib/words";
import { row, tool } from "./rows";

export class Speakers {
  private readonly list = new KeyedList<OnStage>(byId("speakers"), {
    key: ({ member }) => member,
    shape: ({ name, unit }) => JSON.stringify([name, unit]),
    make: (one) => this.row(one),
  });

  constructor(
    private readonly words: HostWords,
    private readonly press: (command: Command) => void,
  ) {
    byId("take-down-all").addEventListener("click", () => this.press({ t: "take_down_all" }));
  }

  show(speakers: OnStage[]): void {
    this.list.show(speakers);
    byId("stage-box").hidden = speakers.length === 0;
    byId("take-down-all").hidden = speakers.length < 2;
  }

  private row({ member, name, unit }: OnStage): KeyedRow<OnStage> {
    const down = tool(this.words, "take_down", () => this.press({ t: "take_down", member }));
    const { element, text } = row("", [down]);
    const who = unit ? `${name} · ${unit}` : name;
    return {
      element,
      update: ({ on }) => write(text, `${who} · ${fill(this.words, on ? "is_speaking" : "is_invited")}`),
    };
  }
}
