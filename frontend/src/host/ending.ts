/** The end of the lecture: said twice before it goes out, and undone for as long as that can be. */
import type { Command } from "../lib/frames";
import { byId } from "../lib/page";
import type { HostWords } from "../lib/sentences";
import { showAfter } from "./after";

export interface EndingFacts {
  state: string;
  over: boolean;
  /** This page is out of the room: it undoes nothing. */
  isOut: boolean;
  now: number;
}

export class Ending {
  constructor(
    private readonly words: HostWords,
    /** Until when the end can be undone; 0: there is nothing to undo. */
    public undoneUntil: number,
    /** Sends it, at once or as soon as the line is there, or says that it could not. */
    press: (command: Command) => void,
  ) {
    byId("end").addEventListener("click", () => this.ask(true));
    byId("end-no").addEventListener("click", () => this.ask(false));
    byId("end-yes").addEventListener("click", () => {
      this.ask(false);
      press({ t: "end" });
    });
    byId("resume-lecture").addEventListener("click", () => press({ t: "resume" }));
  }

  show({ state, over, isOut, now }: EndingFacts): void {
    const live = state === "live";
    byId("encoder-step").hidden = over;
    // Nothing more is said or asked, nobody is here, and nothing to be looked at goes out.
    document.body.classList.toggle("desk-over", over);
    byId("poll-writing").hidden = over;
    byId("look-part").hidden = over;
    byId("end").hidden = !live || !byId("end-confirm").hidden;
    if (!live) byId("end-confirm").hidden = true;
    showAfter(this.words, { state, over, undoable: isOut ? 0 : this.undoneUntil - now });
  }

  private ask(asked: boolean): void {
    byId("end-confirm").hidden = !asked;
    byId("end").hidden = asked;
    byId(asked ? "end-no" : "end").focus();
  }
}
