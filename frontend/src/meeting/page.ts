/** What the view gives a meeting's room, with the page and after each gap. */
import type { HandEvent, Note, Sitting } from "../lib/frames";
import type { MeetingWords } from "../lib/sentences";
import type { RoomState } from "../room/page";

export interface MeetingState extends RoomState {
  locked: boolean;
  seats: Sitting[];
  notes: Note[];
  /** Since when the meeting is recorded, Unix milliseconds. */
  recorded_since: number | null;
  /** For who leads it. */
  restricted?: { member: number; name: string; kind: string }[];
  stage?: { hands: HandEvent[] };
}

export interface MeetingData extends MeetingState {
  occasion: number;
  you: number;
  owner: string;
  counted: boolean;
  host: boolean;
  opens_at: number;
  urls: { state: string; ticket: string; outbox: string; socket: string; replay: string };
  words: MeetingWords;
}
