/** Which sentences stand in the member's room: below the picture, and over it. Knows no DOM. */
import { clock } from "../lib/clock";
import type { RoomWords } from "../lib/sentences";
import { isOver } from "./page";
import type { ScreenState } from "./screen";
import type { ClosedWhy, Line } from "./socket";

export type Word = keyof RoomWords | "";

/** A sentence and what is filled in. */
export interface Said {
  word: Word;
  values?: Record<string, string | number>;
}

export interface StatusFacts {
  state: string;
  line: Line;
  /** Presence of this member is wanted at all. */
  isExpected: boolean;
  /** It is being recorded now. */
  isCounted: boolean;
  hand: boolean;
  isHidden: boolean;
  /** There is a break: nobody's time. */
  isBreak: boolean;
  /** On the stage, and the lecturer is not heard there. */
  isDeaf: boolean;
}

/** The line below the picture: how it is connected, and whether presence counts. */
export function statusWord({ state, line, isExpected, isCounted, hand, isHidden, isBreak, isDeaf }: StatusFacts): Word {
  if (isOver(state) || line === "closed") return "";
  // Over the picture, with what to do; twice on one page is once too often.
  if (line === "locked") return "";
  if (line !== "good") return line;
  if (isDeaf) return "deaf";
  if (!isExpected) return "good_uncounted";
  if (hand) return "hand_up";
  if (state === "scheduled") return "waiting_room";
  if (isBreak) return "good_break";
  if (isCounted) return "good";
  return isHidden ? "hidden" : "connecting";
}

export interface LiveFacts {
  /** Since when it has been live; null: it was not. */
  liveAt: number | null;
  isBreak: boolean;
  now: number;
}

/** Beside the red dot: how long it has been live. In a break nothing is on air, and no clock goes on. */
export function liveSaid({ liveAt, isBreak, now }: LiveFacts): Said | null {
  if (isBreak) return { word: "in_break" };
  return liveAt ? { word: "live_for", values: { time: clock(now - liveAt) } } : null;
}

export interface CoverFacts {
  state: string;
  line: Line;
  media: ScreenState;
  audioOnly: boolean;
  voidReason: string;
  now: number;
  startsAt: number;
  /** Announced end of the break; null: none. */
  breakUntil: number | null;
  endsAt: number;
}

const OVER: Record<string, keyof RoomWords> = {
  recorded: "replay_ready",
  unrecorded: "ended",
  cancelled: "cancelled",
  not_held: "not_held",
  void: "void",
};

/** What stands over the picture; null: the picture itself, or the button that starts it. */
export function coverSaid(facts: CoverFacts): Said | null {
  const { state, line, media } = facts;
  if (line === "locked" && !isOver(state)) return { word: "locked" };
  if (state === "scheduled") return countDown(facts);
  if (isOver(state)) return { word: OVER[state] ?? "ended", values: { reason: facts.voidReason } };
  if (facts.breakUntil !== null) return onBreak(facts.breakUntil - facts.now);
  if (media === "playing") return facts.audioOnly ? { word: "sound_only_on" } : null;
  if (media === "blocked") return null;
  // The line below the picture says it all; nothing is opened or tried until the network is back.
  if (line === "offline") return { word: "" };
  return { word: media === "idle" ? "loading" : media };
}

function onBreak(left: number): Said {
  if (left <= 0) return { word: "break_over" };
  return { word: "on_break", values: { time: clock(Math.ceil(left / 1000) * 1000) } };
}

function countDown({ now, startsAt, endsAt }: CoverFacts): Said {
  const left = startsAt - now;
  const minutes = Math.floor(left / 60_000);
  const hours = Math.floor(minutes / 60);
  if (hours >= 24) return { word: "starts_in_days", values: { d: Math.floor(hours / 24), h: hours % 24 } };
  if (hours > 0) return { word: "starts_in_hours", values: { h: hours, m: minutes % 60 } };
  if (minutes > 0) return { word: "starts_in", values: { m: minutes, s: Math.floor(left / 1000) % 60 } };
  if (left > 0) return { word: "soon" };
  return { word: now < endsAt ? "late" : "missed" };
}

/** Why one is out of the room. `kept`: something waits on the phone to be sent. */
export function closedSaid(why: ClosedWhy | undefined, kept: boolean): Word {
  if (why === "signed_out") return kept ? "signed_out_kept" : "signed_out";
  if (why === "elsewhere") return "elsewhere";
  if (why === "removed") return "other_place";
  return why === "rights" ? "no_right" : "";
}
