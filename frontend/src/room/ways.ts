/** The ways of the picture to the member, and the patience with each. Knows no DOM. */

/** What is open now. */
export type Way = "none" | "webrtc" | "hls";
/** What is asked of the server: whatever it has room for, or HLS. */
export type Via = "auto" | "hls";

// How long an attempt may take. UDP that does not come through looks like nothing at all; HLS has its segments to wait for.
const PATIENCE_MS: Record<Way, number> = { none: 8000, webrtc: 8000, hls: 14_000 };
const OFF_AIR_PATIENCE_MS = 25_000;
const PATIENCE_GROWS_MS = 3000;
const LONGEST_PATIENCE_MS = 40_000;
const WEBRTC_TRIES = 2;

/** Where WebRTC has failed twice without a break, HLS comes first. */
export function firstVia(failures: number): Via {
  return failures < WEBRTC_TRIES ? "auto" : "hls";
}

/** The other way, after one has had its time. */
export function otherVia(way: Way, via: Via): Via {
  return way === "hls" || via === "hls" ? "auto" : "hls";
}

/** How long an attempt may take, before the spread. While the lecturer sends nothing there is nothing to hurry for. */
export function patience(way: Way, { airing, tries }: { airing: boolean; tries: number }): number {
  const base = airing ? PATIENCE_MS[way] : OFF_AIR_PATIENCE_MS;
  return Math.min(LONGEST_PATIENCE_MS, base + tries * PATIENCE_GROWS_MS);
}
