/** What the view gives the desk, with the page and after each gap. */
import type { ChatEvent, OnStage, Stage } from "../lib/frames";
import type { HostAskWords, HostWords } from "../lib/sentences";
import type { AskingState } from "../room/asked";

/** Somebody who is muted, or was removed. */
export interface Restricted {
  member: number;
  name: string;
  kind: string;
}

/** One page of who is in, and how many of each unit are. */
export interface PeoplePage {
  found: number;
  page: number;
  pages: number;
  rows: { member: number; name: string; unit: string }[];
  units: { id: number; name: string; n: number }[];
}

/** What the server says of the recording: sentences or "", and how often it was interrupted. */
export interface Recording {
  off: string;
  missed: string;
  count: number;
}

export interface HostState {
  recording?: Recording;
  state: string;
  now: number;
  live_at: number | null;
  undone_until: number | null;
  void_reason: string;
  ends_at: number;
  hls_url: string;
  break_until: number | null;
  chat: ChatEvent[];
  asking: AskingState;
  speakers: OnStage[];
  restricted: Restricted[];
  talk: boolean;
  locked: boolean;
  /** How many cannot hear, the room alone knows. */
  stage: Omit<Stage, "unclear">;
  /** Who took the picture over from whom, in sentences. */
  air_log: string[];
}

export interface HostData extends HostState {
  occasion: number;
  you: number;
  owner: string;
  opens_at: number;
  title: string;
  urls: { state: string; ticket: string; socket: string; people: string };
  words: HostWords;
  ask_words: HostAskWords;
}
