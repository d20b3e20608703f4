/** The words of the lecture under the picture, as a host types them; each phone may do without. */
import type { RoomEvent } from "../lib/frames";
import { byId, optional, write } from "../lib/page";
import { recall, remember } from "../lib/storage";

/** A line of the captions: its number and its words. */
export type CaptionRow = [number, string];

const OFF = "captions-off";
const MOST = 40;
const KEPT = 50;
/** What was said so long ago is not what is being said. */
const STALE_MS = 30_000;
/** So long each of several that came together stands at least, as in the replay (live/core/captions.py). */
const APART_MS = 1500;

/** Lines in their order, each once; what was taken away stays away. */
export class CaptionList {
  private rows = new Map<number, string>();
  private readonly dropped = new Set<number>();

  /** What the server says stands, with the page and after a gap; `isOld`: it does not know the newest lines. */
  told(lines: CaptionRow[], isOld = false): void {
    const newer = isOld ? Array.from(this.rows) : [];
    this.rows.clear();
    this.add(lines);
    this.add(newer);
  }

  add(lines: CaptionRow[]): void {
    for (const [line, text] of lines) if (!this.dropped.has(line)) this.rows.set(line, text);
  }

  drop(line: number): void {
    this.dropped.add(line);
    this.rows.delete(line);
  }

  /** The last of them up to this line, the newest at the end. */
  last(most = KEPT, upTo = Number.POSITIVE_INFINITY): CaptionRow[] {
    return Array.from(this.rows)
      .filter(([line]) => line <= upTo)
      .sort((a, b) => a[0] - b[0])
      .slice(-most);
  }

  /** Returns whether it was about captions. */
  event(event: RoomEvent): boolean {
    if (event.t === "captions")
      this.add(event.lines.map((line, place): CaptionRow => [line, event.texts[place] ?? ""]));
    else if (event.t === "caption_dropped") this.drop(event.line);
    else return false;
    return true;
  }
}

/** The newest line, and the one before it while both are short. */
export function shownLines(rows: CaptionRow[]): string[] {
  const [before, last] = rows.slice(-2).map(([, text]) => text);
  if (before === undefined) return [];
  if (last === undefined) return [before];
  return before.length + last.length <= MOST ? [before, last] : [last];
}

/** What comes at once is shown one after the other, the oldest first. */
export class Turns {
  /** The newest line that is shown. */
  line = -1;
  private isBusy = false;

  constructor(
    private readonly list: CaptionList,
    /** Calls when a line has had its time. */
    private readonly later: (then: () => void) => void,
    private readonly shown: () => void,
  ) {}

  /** Something was added. */
  go(): void {
    if (this.isBusy) return;
    const next = this.list.last().find(([line]) => line > this.line);
    if (!next) return;
    this.line = next[0];
    this.isBusy = true;
    this.later(() => {
      this.isBusy = false;
      this.go();
    });
    this.shown();
  }

  /** To the end at once: what was said before this page listened. */
  skip(): void {
    this.line = this.list.last(1)[0]?.[0] ?? -1;
    this.shown();
  }
}

export class Captions {
  private readonly list = new CaptionList();
  private readonly turns = new Turns(
    this.list,
    (then) => window.setTimeout(then, APART_MS),
    () => this.fresh(),
  );
  /** The hall's screen has none: there they are for everybody. */
  private readonly key = optional<HTMLButtonElement>("captions-key");
  private readonly box = byId("captions");
  private isOn: boolean = !this.key || !recall("localStorage", OFF, false);
  private isLive = false;
  private isStale = false;
  private timer = 0;

  constructor() {
    this.key?.addEventListener("click", () => {
      this.isOn = !this.isOn;
      remember("localStorage", OFF, this.isOn ? null : true);
      this.draw();
    });
  }

  told(lines: CaptionRow[], isOld = false): void {
    this.list.told(lines, isOld);
    this.turns.skip();
  }

  /** Returns whether it was about captions. */
  event(event: RoomEvent): boolean {
    if (!this.list.event(event)) return false;
    if (event.t === "captions") this.turns.go();
    else this.draw();
    return true;
  }

  show(live: boolean): void {
    if (this.isLive === live) return;
    this.isLive = live;
    this.draw();
  }

  clear(): void {
    this.told([]);
  }

  private fresh(): void {
    this.isStale = false;
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      this.isStale = true;
      this.draw();
    }, STALE_MS);
    this.draw();
  }

  private draw(): void {
    const rows = this.list.last(2, this.turns.line);
    const isEmpty = !this.isLive || rows.length === 0;
    if (this.key) {
      this.key.hidden = isEmpty;
      this.key.setAttribute("aria-pressed", String(this.isOn));
      this.key.classList.toggle("on", this.isOn);
    }
    // The place stays while it is empty: the talk below would jump at every pause.
    this.box.hidden = isEmpty || !this.isOn;
    write(this.box, this.isStale ? "" : shownLines(rows).join("\n"));
  }
}
