/** Slides: which picture of a page a screen needs, and which page a recording shows. Knows no DOM. */

/** What everybody sees; deck "": no slides. */
export interface Shown {
  deck: string;
  page: number;
  pages: number;
}

/** From when on (milliseconds) which page of which deck is shown; deck "": none. */
export type Step = [at: number, deck: string, page: number];

export const THUMB = 240;
const PHONE = 720;
export const LARGE = 1280;

/** `css`: how wide it is shown, `ratio`: pixels a unit of that, `low`: as little data as will do. */
export function widthFor(css: number, ratio: number, low: boolean): number {
  // A quarter more is not seen, and costs twice as much.
  return low || css * ratio <= PHONE * 1.25 ? PHONE : LARGE;
}

export function pageAddress(url: string, deck: string, page: number, width: number): string {
  return `${url}${deck}/${width}/${page}.jpg`;
}

/** Which step holds at this place of the recording; null before the first. */
export function stepAt(steps: Step[], ms: number): Step | null {
  return steps[lastBegun(steps.length, (place) => (steps[place] as Step)[0], ms)] ?? null;
}

/** Which chapter holds: the place of the last that has begun, -1 before the first. */
export function chapterAt(starts: number[], ms: number): number {
  return lastBegun(starts.length, (place) => starts[place] as number, ms);
}

/** Of so many that begin one after another, the place of the last that has begun; -1 before the first. */
function lastBegun(count: number, startOf: (place: number) => number, ms: number): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (startOf(middle) <= ms) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Where a key or a button leads, or null where there is no page. */
export function turned(now: Shown, by: number): number | null {
  const page = now.page + by;
  return now.deck && page >= 1 && page <= now.pages ? page : null;
}

/** The page turns by these keys, also by those of a presenter's remote. */
export function keyTurns(key: string): number {
  if (key === "ArrowRight" || key === "PageDown") return 1;
  return key === "ArrowLeft" || key === "PageUp" ? -1 : 0;
}
