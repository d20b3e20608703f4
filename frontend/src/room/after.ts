/** What stands below the picture when it is over, or when this page is out of the room. */
import { byId, write } from "../lib/page";
import type { RoomWords } from "../lib/sentences";
import { fill } from "../lib/words";
import type { RoomState } from "./page";

export interface AfterFacts {
  state: string;
  over: boolean;
  /** This page is out of a room that goes on. */
  stopped: boolean;
  /** The newest that was fetched: what it was for this member, and until when the end can be undone. */
  fetched: Pick<RoomState, "mine" | "undone_until">;
  now: number;
}

export function showAfter(words: RoomWords, { state, over, stopped, fetched, now }: AfterFacts): void {
  const { mine } = fetched;
  byId("after").hidden = !over && !stopped;
  byId("replay-step").hidden = state !== "recorded" || stopped;
  byId("replay-step").className = mine?.owed ? "btn" : "btn quiet";
  // What is said of a lecture whose end can still be undone is not the last word.
  const undoable = (fetched.undone_until ?? 0) - now;
  const more = undoable > 0 ? fill(words, "may_resume", { m: Math.ceil(undoable / 60_000) }) : "";
  write(byId("mine"), over && mine ? mine.text + more : "");
}
