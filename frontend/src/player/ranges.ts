/** Sets of half-open spans of media time in whole milliseconds, kept sorted, disjoint and merged. */

export type Range = [number, number];

/** Sort and merge; empty and broken spans vanish. */
export function union(...lists: readonly Range[][]): Range[] {
  const sorted = ([] as Range[])
    .concat(...lists)
    .filter(([from, to]) => to > from)
    .sort((a, b) => a[0] - b[0]);
  const merged: Range[] = [];
  for (const [from, to] of sorted) {
    const last = merged[merged.length - 1];
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

/** What of `whole` is not in `taken`. Both must be unions. */
export function minus(whole: Range[], taken: Range[]): Range[] {
  const left: Range[] = [];
  for (const [from, to] of whole) {
    let start = from;
    for (const [a, b] of taken) {
      if (b <= start || a >= to) continue;
      if (a > start) left.push([start, a]);
      start = Math.max(start, b);
    }
    if (start < to) left.push([start, to]);
  }
  return left;
}

/** What is in both. Both must be unions. */
export function shared(one: Range[], other: Range[]): Range[] {
  return minus(one, minus(one, other));
}

export function length(ranges: Range[]): number {
  return ranges.reduce((sum, [from, to]) => sum + to - from, 0);
}

export function end(ranges: Range[]): number {
  return ranges.reduce((latest, [, to]) => Math.max(latest, to), 0);
}
