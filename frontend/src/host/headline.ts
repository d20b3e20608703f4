/** The one sentence that tells what the audience gets. Made from the media's own facts; knows no DOM. */
import type { AirEvent } from "../lib/frames";
import type { HostWords } from "../lib/sentences";

export interface HeadlineFacts {
  state: string;
  /** Announced end of the break; null: there is none. */
  breakUntil: number | null;
  now: number;
  /** The newest facts of the media host, null while none came. */
  air: AirEvent | null;
  /** How long ago they came to this page (ms). */
  age: number;
  /** How long the picture has been asked to go out: since going live, the end of a break, another turn, or an offer (ms). */
  sending: number;
  /** Who sends the picture, where another page does; "": this one, whose person is called 您. */
  sender: string;
  /** The lecturer has closed the microphone of this page: what it sends is silence. */
  isMute: boolean;
}

export type Tone = "good" | "warn" | "bad" | "calm";

export interface Headline {
  word: keyof HostWords;
  tone: Tone;
}

/** No fact for so long, and nobody knows. */
export const FACT_MS = 4000;
/** A picture takes so long to come to the audience: until then it is on its way, and no alarm is given. */
export const COMING_MS = 10_000;

/** What is said with the name of whoever sends instead of 您. */
const NAMED: Partial<Record<keyof HostWords, keyof HostWords>> = {
  head_seen: "named_seen",
  head_unseen: "named_unseen",
  head_unheard: "named_unheard",
  head_lost: "named_lost",
  head_partly: "named_partly",
  head_break_over: "named_break_over",
};

/** Null: the lecture is not live, and nothing of it is said any more. */
export function headline(facts: HeadlineFacts): Headline | null {
  if (!facts.sender) return ownHeadline(facts);
  const found = ownHeadline({ ...facts, isMute: false });
  return found && { ...found, word: NAMED[found.word] ?? found.word };
}

function ownHeadline(facts: HeadlineFacts): Headline | null {
  const { state, breakUntil, now, air, age, sending, isMute } = facts;
  if (state !== "live") return null;
  if (breakUntil !== null) {
    return now < breakUntil ? { word: "head_break", tone: "calm" } : { word: "head_break_over", tone: "warn" };
  }
  const isComing = sending < COMING_MS;
  if (!air || age > FACT_MS) return isComing ? COMING : { word: "head_unknown", tone: "bad" };
  if (air.picture && air.written) {
    return air.sound && !isMute ? { word: "head_seen", tone: "good" } : { word: "head_unheard", tone: "warn" };
  }
  if (isComing) return COMING;
  if (air.picture) return { word: "head_partly", tone: "bad" };
  return air.sound && !isMute ? { word: "head_unseen", tone: "bad" } : { word: "head_lost", tone: "bad" };
}

const COMING: Headline = { word: "head_coming", tone: "calm" };

/** It should be recorded and is not; facts that are old say nothing. */
export function isUnrecorded({ state, breakUntil, air, age }: HeadlineFacts): boolean {
  return state === "live" && breakUntil === null && age <= FACT_MS && air?.recording === "off";
}

const MINUTE = 60_000;
const HINT_MS = 10 * MINUTE;
const HINT_FOR_MS = MINUTE;

/** What is left of the planned time, and for a minute, ten minutes before its end, the hint. Null where nothing is. */
export function timeLeft(
  now: number,
  endsAt: number,
): { word: "time_left" | "time_over"; m: number; isHint: boolean } | null {
  const left = endsAt - now;
  if (left > 0) {
    return { word: "time_left", m: Math.ceil(left / MINUTE), isHint: left <= HINT_MS && left > HINT_MS - HINT_FOR_MS };
  }
  const over = Math.floor(-left / MINUTE);
  return over > 0 ? { word: "time_over", m: over, isHint: false } : { word: "time_left", m: 0, isHint: false };
}
