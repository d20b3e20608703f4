/** Which sentence stands at the desk. Knows no DOM. */
import type { HostWords } from "../lib/sentences";
import { oneOf } from "../lib/words";
import type { ClosedWhy, Line } from "../room/socket";
import type { Studio } from "./studio";

export interface DeskFacts {
  state: string;
  line: Line;
  /** Why the line is closed, and stays so. */
  closed: ClosedWord;
  problem: Studio["problem"];
  /** What the microphone lacks. */
  sound: "mic_off" | "silent_mic" | "";
  /** It is not yet time to go live. */
  isEarly: boolean;
  /** This page sends no picture: what devices lack is no matter. */
  isAssistant: boolean;
}

export type ClosedWord = "cancelled" | "signed_out" | "elsewhere" | "no_right";

const OVER: Record<string, keyof HostWords> = {
  ended: "packing",
  recorded: "replay_ready",
  unrecorded: "no_replay",
  not_held: "not_held",
  void: "void",
};
const GOOD: readonly (keyof HostWords)[] = ["ready", "good", "assistant", "packing", "replay_ready"];

export function closedWord(why: ClosedWhy | undefined): ClosedWord {
  return why === "cancelled" || why === "signed_out" || why === "elsewhere" ? why : "no_right";
}

/** The most pressing of what is to be said. */
export function deskWord({ state, line, closed, problem, sound, isEarly, isAssistant }: DeskFacts): keyof HostWords {
  if (line === "closed") return closed;
  const over = OVER[state];
  if (over) return over;
  if (isAssistant) return line === "good" ? "assistant" : line;
  if (problem) return problem;
  if (line !== "good") return line;
  if (sound) return sound;
  if (state === "scheduled") return isEarly ? "too_early" : "ready";
  return "good";
}

export function isGood(word: keyof HostWords): boolean {
  return GOOD.indexOf(word) >= 0;
}

/** What the server may refuse, and has a sentence of its own. */
const REFUSALS = [
  "too_early",
  "too_late",
  "draft",
  "state",
  "undo_over",
  "break_length",
  "not_restrictable",
  "not_invitable",
  "is_muted",
  "stage_full",
  "no_picture",
  "slow_down",
  "too_long",
  "empty",
  "closed",
] as const;

/** The desk's word for a refusal. */
export function refusalWord(error: string): keyof HostWords {
  return error === "not_host" ? "no_right" : (oneOf(REFUSALS, error) ?? "try_again");
}
