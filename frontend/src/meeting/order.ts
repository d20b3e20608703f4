/** Whose pictures are shown, and how much of the line each takes. Knows no DOM. */
import type { Sitting } from "../lib/frames";

/** One's own among them. */
export const MOST_ON_PHONE = 9;
export const MOST_ON_DESK = 16;

export interface Shown {
  seats: Sitting[];
  you: number;
  /** Whose pictures stand there now; they stay where they are. */
  shown: number[];
  /** When each was last heard, in the page's milliseconds. */
  heard: Map<number, number>;
  most: number;
}

/** Who has the floor, then whoever is shown stays, then who spoke last; whoever speaks unseen takes the stillest place. */
export function pictures({ seats, you, shown, heard, most }: Shown): number[] {
  const open = seats.filter((one) => one.cam && one.member !== you);
  const at = (member: number): number => heard.get(member) ?? 0;
  const has = (member: number): boolean => open.some((one) => one.member === member);
  const kept = shown.filter(has).slice(0, most);
  const others = open.map((one) => one.member).filter((member) => !kept.includes(member));
  others.sort((a, b) => at(b) - at(a));
  while (kept.length < most && others.length > 0) kept.push(others.shift() as number);
  const floor = open.find((one) => one.floor)?.member;
  for (const member of others) {
    const [first, ...rest] = kept.filter((one) => one !== floor);
    if (first === undefined) break;
    const stillest = rest.reduce((least, one) => (at(one) < at(least) ? one : least), first);
    if (member === floor || at(member) > at(stillest)) kept[kept.indexOf(stillest)] = member;
  }
  return kept;
}

/** How many columns the pictures stand in. */
export function columns(count: number, isWide: boolean): number {
  if (count <= 1) return 1;
  if (count === 2) return isWide ? 2 : 1;
  if (count <= 4) return 2;
  return count <= 9 ? 3 : 4;
}

/** What a picture may take, in bit/s: less the more of them everybody gets. */
export function bitrate(pictures: number): number {
  if (pictures <= 2) return 600_000;
  if (pictures <= 4) return 350_000;
  return pictures <= 9 ? 180_000 : 120_000;
}
