/** The stage on the host's page: who is on it or asked up, each with the way down. */
import type { Command, OnStage } from "../lib/frames";
import { KeyedList, type KeyedRow } from "../lib/keyed";
import { byId, write } from "../lib/page";
import type { HostWords } from "../lib/sentences";
import { fill } from "../lib/words";
import { row, tool } from "./rows";

/** What is said of somebody on the stage. */
export function standing({ on, sound, picture, shown }: OnStage): (keyof HostWords)[] {
  if (!on) return ["is_invited"];
  const words: (keyof HostWords)[] = [sound === false ? "is_quiet" : "is_speaking"];
  if (picture) words.push(shown ? "is_shown" : "has_camera");
  return words;
}

/** Who was asked up, did not come, and is not waited for any more: names. ``taken``: whom this page took back. */
export function cameNot(before: OnStage[], now: OnStage[], taken: number[]): string {
  const isThere = (member: number): boolean => now.some((one) => one.member === member) || taken.includes(member);
  return before
    .filter((one) => !one.on && !isThere(one.member))
    .map((one) => one.name)
    .join("、");
}

const SAID_MS = 60_000;

export class Speakers {
  private shown: OnStage[] = [];
  private taken: number[] = [];
  private timer = 0;
  private readonly list = new KeyedList<OnStage>(byId("speakers"), {
    key: ({ member }) => member,
    shape: ({ name, unit }) => JSON.stringify([name, unit]),
    make: (one) => this.row(one),
  });

  constructor(
    private readonly words: HostWords,
    private readonly press: (command: Command) => void,
  ) {
    byId("take-down-all").addEventListener("click", () => {
      this.taken = this.shown.map((one) => one.member);
      this.press({ t: "take_down_all" });
    });
    byId("shown-back").addEventListener("click", () => this.press({ t: "show_picture", member: 0 }));
  }

  /** `isOpen`: somebody can be on the stage; else nobody is missed there. */
  show(speakers: OnStage[], isOpen: boolean): void {
    const names = isOpen ? cameNot(this.shown, speakers, this.taken) : "";
    if (names || !isOpen) this.say(names);
    this.shown = speakers;
    this.taken = this.taken.filter((member) => speakers.some((one) => one.member === member));
    this.list.show(speakers);
    this.showBox();
    byId("take-down-all").hidden = speakers.length < 2;
    const shown = speakers.find((one) => one.on && one.shown);
    byId("shown-part").hidden = !shown;
    write(byId("shown"), shown ? fill(this.words, "shown", { name: shown.name }) : "");
  }

  private say(names: string): void {
    window.clearTimeout(this.timer);
    write(byId("came-not"), names ? fill(this.words, "came_not", { names }) : "");
    byId("came-not").hidden = !names;
    this.showBox();
    if (names) this.timer = window.setTimeout(() => this.say(""), SAID_MS);
  }

  private showBox(): void {
    byId("stage-box").hidden = this.shown.length === 0 && !!byId("came-not").hidden;
  }

  private row({ member, name, unit }: OnStage): KeyedRow<OnStage> {
    const down = tool(this.words, "take_down", () => {
      this.taken.push(member);
      this.press({ t: "take_down", member });
    });
    const see = tool(this.words, "show_picture", () => this.press({ t: "show_picture", member }));
    const back = tool(this.words, "show_lecturer", () => this.press({ t: "show_picture", member: 0 }));
    const { element, text } = row("", [see, back, down]);
    const who = unit ? `${name} · ${unit}` : name;
    return {
      element,
      update: (one) => {
        see.hidden = !one.on || !one.picture || one.shown;
        back.hidden = !one.on || !one.shown;
        write(text, [who, ...standing(one).map((word) => fill(this.words, word))].join(" · "));
      },
    };
  }
}
