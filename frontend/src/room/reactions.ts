/** Reactions: a tap for everybody to see a sample of, for a few seconds; no counts. */
import type { Command, ReactionsEvent } from "../lib/frames";
import { made } from "../lib/made";
import { byId, write } from "../lib/page";
import { fill, oneOf } from "../lib/words";

const SHOWN_MS = 4000;
const MOST = 6;
const SAID_MS = 3000;
export const KINDS = ["clap", "like", "clear", "unclear"] as const;
type Kind = (typeof KINDS)[number];
export type ReactionWords = Record<"clap" | "like" | "clear" | "unclear_word", string>;

export function reactionWord(kind: Kind): keyof ReactionWords {
  return kind === "unclear" ? "unclear_word" : kind;
}

/** What others do, over the picture. */
export function showReactions(event: ReactionsEvent, words: ReactionWords): void {
  const box = byId("reacted");
  for (const one of event.kinds) {
    const kind = oneOf(KINDS, one);
    if (!kind || box.children.length >= MOST) continue;
    const chip = made("span", `reaction ${kind}`, fill(words, reactionWord(kind)));
    box.appendChild(chip);
    window.setTimeout(() => chip.remove(), SHOWN_MS);
  }
}

export class Reactions {
  private timer = 0;

  constructor(
    private readonly words: ReactionWords & Record<"react_slow" | "react_sent" | "muted" | "not_sent", string>,
    send: (command: Command) => boolean,
  ) {
    for (const kind of KINDS) {
      byId(`react-${kind}`).addEventListener("click", () =>
        this.say(send({ t: "react", kind }) ? "react_sent" : "not_sent"),
      );
    }
  }

  refused(error: string): void {
    this.say(error === "muted" ? "muted" : "react_slow");
  }

  show(live: boolean): void {
    byId("reactions").hidden = !live;
  }

  private say(word: "react_slow" | "react_sent" | "muted" | "not_sent"): void {
    write(byId("react-note"), fill(this.words, word));
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => write(byId("react-note"), ""), SAID_MS);
  }
}
