/** What the view gives the desk, with the page and after each gap. */
import type { ChatEvent, OnStage, Stage } from "../lib/frames";
import type { CaptionWords, HostAskWords, HostSlideWords, HostWords, SlideWords } from "../lib/sentences";
import type { Shown } from "../lib/slides";
import type { AskingState } from "../room/asked";
import type { CaptionRow } from "../room/captions";
import type { DeckUrls } from "./decks";

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
  /** The first that fit what was typed; how many more do. */
  units: { id: number; name: string; n: number }[];
  more_units: number;
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
  /** A server that is about to be renewed does not give them. */
  captions?: CaptionRow[];
  speakers: OnStage[];
  restricted: Restricted[];
  talk: boolean;
  locked: boolean;
  /** How many cannot hear, the room alone knows. */
  stage: Omit<Stage, "unclear">;
  /** Who took the picture over from whom, in sentences. */
  air_log: string[];
  slides_url: string;
  slide: Shown;
}

export interface HostData extends HostState {
  occasion: number;
  you: number;
  lecturer: number;
  owner: string;
  opens_at: number;
  title: string;
  /** A device outside may send the picture: there is a key for it. */
  encoder_key: boolean;
  urls: { state: string; ticket: string; socket: string; people: string } & DeckUrls;
  words: HostWords;
  ask_words: HostAskWords;
  slide_words: HostSlideWords & SlideWords;
  caption_words: CaptionWords;
}
