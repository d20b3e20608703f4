/** Finding in what is said. Knows no DOM. */

/** One cue: from when on (ms) which words stand there. */
export interface Said {
  start: number;
  text: string;
}

/** How many are listed at once: the captions of two hours would be thousands of buttons. */
export const PAGE = 100;

/** Letters however they are typed: half or full width, large or small, with or without spaces. */
function plain(text: string): string {
  return text.normalize("NFKC").toLowerCase().replace(/\s+/g, "");
}

/** All that is said as one text, so that a sentence is found that goes on in the next cue. */
export class WordIndex {
  private readonly text: string;
  private readonly starts: number[] = [];

  constructor(said: Said[]) {
    let text = "";
    for (const { text: words } of said) {
      this.starts.push(text.length);
      text += plain(words);
    }
    this.text = text;
  }

  /** The places of the cues in which `query` begins; all of them for an empty one. */
  find(query: string): number[] {
    const words = plain(query);
    if (!words) return this.starts.map((_, place) => place);
    const found: number[] = [];
    let place = 0;
    for (let at = this.text.indexOf(words); at >= 0; at = this.text.indexOf(words, at)) {
      while ((this.starts[place + 1] ?? Number.POSITIVE_INFINITY) <= at) place += 1;
      found.push(place);
      // Each cue once: what else begins in it is passed over.
      at = this.starts[place + 1] ?? this.text.length;
    }
    return found;
  }
}

/** Which page of `found` shows the cue that plays at the place `now` (or the first after it). */
export function pageOf(found: number[], now: number): number {
  const before = found.filter((place) => place < now).length;
  return Math.floor(Math.min(before, Math.max(0, found.length - 1)) / PAGE);
}
