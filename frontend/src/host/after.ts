/** What can still be done when it is over: undo the end, plan it again, look at it. */
import { byId, optional, write } from "../lib/page";
import type { HostWords } from "../lib/sentences";
import { fill } from "../lib/words";

export interface AfterFacts {
  state: string;
  over: boolean;
  /** How long the end can still be undone (ms); nought or less: not any more. */
  undoable: number;
}

export function showAfter(words: HostWords, { state, over, undoable }: AfterFacts): void {
  const open = over && undoable > 0;
  write(byId("undo-left"), open ? fill(words, "undo_left", { m: Math.ceil(undoable / 60_000) }) : "");
  byId("undo").hidden = !open;
  const isNotHeld = state === "not_held";
  byId("not-held").hidden = !isNotHeld && state !== "void";
  byId("void-step").hidden = !isNotHeld;
  const voidHeld = optional<HTMLElement>("void-held");
  if (voidHeld) voidHeld.hidden = isNotHeld || state === "void";
  byId("after").hidden = !over;
  byId("repeat-step").hidden = open || isNotHeld || state === "void";
  byId("replay-step").hidden = state !== "recorded";
}
