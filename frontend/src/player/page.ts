/** The page's parts and data as the template (cms/player.html) lays them out. */
import type { Range } from "./ranges";
import type { Words } from "./words";

export interface Addresses {
  hls_url: string;
  audio_url: string;
  poster_url: string;
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
  refresh_url: string;
  complete_url: string;
  /** Where to say that this browser cannot decode the video; empty: nobody asks. */
  fault_url: string;
  play_url: string;
  report_url: string;
  hls_script: string;
  words: Words;
}

export function readData(): PlayerData | null {
  const element = document.getElementById("player-data");
  return element ? (JSON.parse(element.textContent || "null") as PlayerData) : null;
}

/** The element with that id; the template and this island are one, so a missing one is a mistake of ours. */
export function part<T extends Element>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`#${id} is missing`);
  return element as unknown as T;
}

export function optional<T extends Element>(id: string): T | null {
  return document.getElementById(id) as unknown as T | null;
}
