/** What the hall's screen says. Knows no DOM. */
import type { ScreenWords } from "../lib/sentences";
import type { ClosedWhy, Line } from "../room/socket";

export type ScreenWord = keyof ScreenWords | "";

const LINES: Record<string, ScreenWord> = {
  connecting: "connecting",
  reconnecting: "reconnecting",
  offline: "offline",
  weak: "weak",
  full: "full",
  good: "good",
};

/** How it is connected; "" where the picture's place says it, or nobody needs to know. */
export function lineSaid(line: Line, over: boolean): ScreenWord {
  return over ? "" : (LINES[line] ?? "");
}

/** Why it is out of the room. */
export function closedSaid(why: ClosedWhy | undefined): ScreenWord {
  if (why === "cancelled") return "";
  if (why === "signed_out" || why === "elsewhere") return why;
  return "no_right";
}

/** Whether it loads itself anew. With a page too many it would push out a phone of the same person, each time. */
export function comesBack(why: ClosedWhy | undefined): boolean {
  return why !== "cancelled" && why !== "elsewhere";
}

/** The hour in a hall's own time: 9:05. */
export function hourOf(ms: number): string {
  const at = new Date(ms);
  const minutes = at.getMinutes();
  return `${at.getHours()}:${minutes < 10 ? "0" : ""}${minutes}`;
}
