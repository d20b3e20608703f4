/** How long to wait before trying again. */

/** `first`, doubled with each of `tries` (0 is the first wait), never more than `longest`. */
export function doubled(tries: number, { first, longest }: { first: number; longest: number }): number {
  return Math.min(longest, first * 2 ** Math.min(Math.max(tries, 0), 30));
}

/** Spread by that share to both sides, so that a room of phones does not come back in one moment. */
export function jittered(ms: number, share = 0.5): number {
  return ms * (1 - share + Math.random() * 2 * share);
}
