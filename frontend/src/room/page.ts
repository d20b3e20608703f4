/** What the view gives the member's room, with the page and after each gap. */
import type { ChatEvent, OnStage } from "../lib/frames";
import type { AskWords, RoomWords, SlideWords } from "../lib/sentences";
import type { Shown } from "../lib/slides";
import type { AskingState } from "./asked";
import type { CaptionRow } from "./captions";

/** What the lecture was for this member, in words; `settled`: it will not change by itself any more. */
export interface Mine {
  settled: boolean;
  owed: boolean;
  text: string;
}

export interface RoomState {
  state: string;
  seq: number;
  mine: Mine | null;
  now: number;
  starts_at: number;
  ends_at: number;
  undone_until: number | null;
  void_reason: string;
  /** There is a break, announced until then; null: none. */
  break_until: number | null;
  live_at: number | null;
  hls_url: string;
  hls_audio_url: string;
  chat: ChatEvent[];
  /** Members may speak. */
  talk: boolean;
  asking: AskingState;
  /** Below it lie the pictures of the slides; signed, so it changes. */
  slides_url: string;
  slide: Shown;
  /** A server that is about to be renewed does not give them. */
  captions?: CaptionRow[];
  speakers: OnStage[];
}

export interface RoomData extends RoomState {
  occasion: number;
  you: number;
  lecturer: number;
  owner: string;
  /** This member is expected: presence is recorded. */
  counted: boolean;
  /** Low-data mode: sound first. */
  is_lite: boolean;
  urls: { state: string; ticket: string; outbox: string; socket: string; replay: string };
  words: RoomWords;
  ask_words: AskWords;
  slide_words: SlideWords;
}

/** Neither to come nor live. */
export function isOver(state: string): boolean {
  return state !== "scheduled" && state !== "live";
}

/** What stands there until the beginning (live/_before.html, live/_try.html) has had its time. */
export function begun(): void {
  for (const part of Array.from(document.querySelectorAll(".room-before"))) part.remove();
}
