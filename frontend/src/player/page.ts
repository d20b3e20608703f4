/** What the page gives the player (cms/templatetags/player.py). */
import type { PlayerWords } from "../lib/sentences";
import type { Range } from "./ranges";
import type { Board } from "./storyboard";

export interface Addresses {
  hls_url: string;
  audio_url: string;
  poster_url: string;
  /** WebVTT; not given, or empty: there are no captions. */
  captions_url?: string;
}

export interface PlayerData extends Addresses {
  occasion: number;
  media: string;
  owner: string;
  duration_ms: number;
  seek_ahead: boolean;
  needed_ms: number | null;
  credited_ms: Range[];
  position_ms: number;
  records: boolean;
  /** A sitting that was opened before, for a page that may have no network. */
  session?: number;
  refresh_url: string;
  complete_url: string;
  /** Where to say that this browser cannot decode the video; empty: nobody asks. */
  fault_url: string;
  play_url: string;
  report_url: string;
  /** Low-data mode: sound first, the cheapest rung, little ahead. */
  is_lite?: boolean;
  /** Small pictures above the seek bar; null: there are none, or megabytes are counted. */
  storyboard?: Board | null;
  hls_script: string;
  words: PlayerWords;
}
