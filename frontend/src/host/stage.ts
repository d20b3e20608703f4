/** Who sends the picture, and what this page of a host is: the presenter's desk or an assistant's. Knows no DOM. */
import type { OnAirEvent } from "../lib/frames";

export interface StageFacts {
  state: string;
  onAir: OnAirEvent | null;
  /** This page's own name. */
  source: string;
  you: number;
  /** The person confirmed to take the picture over from this turn. */
  taking: number;
}

/** What the server calls a device outside (OBS) where a page has its name. */
export const ENCODER = "encoder";

export type Role = "presenter" | "assistant";

/** Devices belong to whoever is on the air; before the start to whoever opens the desk. */
export function roleOf({ state, onAir, source, you, taking }: StageFacts): Role {
  if (state !== "live" || !onAir?.turn) return "presenter";
  if (taking && taking === onAir.turn) return "presenter";
  // A device is waited for, also while it is away: nobody's camera takes its place unasked.
  if (onAir.host !== you || onAir.source === ENCODER) return "assistant";
  // Another page of one's own keeps the picture while it is there: a changed computer goes on by itself.
  return onAir.source === source || !onAir.here ? "presenter" : "assistant";
}

/** Whose picture it is that the audience gets, where another page sends it; "" where this one does, or will. */
export function senderOf(facts: Omit<StageFacts, "taking">): string {
  // One that is about to take it over does not have it yet.
  return roleOf({ ...facts, taking: 0 }) === "assistant" ? (facts.onAir?.name ?? "") : "";
}

/** Whether this page may let a device take its place: it is on the air itself. */
export function mayLetEncoder({ state, onAir, source, you }: Omit<StageFacts, "taking">): boolean {
  return state === "live" && !!onAir?.turn && onAir.here && onAir.host === you && onAir.source === source;
}

type ReplacedWord = "air_offered" | "air_left" | "air_taken" | "encoder_taken" | "encoder_left" | "";

/** What is said to the page that had the picture before. "": its own person sends it, from another page. */
export function replacedWord(onAir: OnAirEvent, you: number): ReplacedWord {
  if (onAir.source === ENCODER) return onAir.here ? "encoder_taken" : "encoder_left";
  if (!onAir.here) return "air_left";
  if (onAir.offered) return "air_offered";
  return onAir.host === you ? "" : "air_taken";
}

/** What is asked before this page takes the picture: from whom. */
export function takeAsks(onAir: OnAirEvent | null, you: number): "take_asks" | "take_own_asks" | "encoder_take_asks" {
  if (onAir?.source === ENCODER) return "encoder_take_asks";
  return onAir?.host === you ? "take_own_asks" : "take_asks";
}

/** What is said to the page that took the picture: of whom, and whether it asked them to take it back. */
export function takenWord(onAir: OnAirEvent): "taken_own" | "taken_from" | "give_back_asked" {
  if (!onAir.before_name) return "taken_own";
  return onAir.offered ? "give_back_asked" : "taken_from";
}

/** Whether this page had the picture before, and takes it back by one tap. */
export function mayTakeBack({ onAir, source }: Pick<StageFacts, "onAir" | "source">): boolean {
  return !!onAir?.turn && onAir.before === source;
}
