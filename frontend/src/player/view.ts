/** Draws what counted: the number, the map, and what did not count and why. */

import { clock, spoken } from "../lib/clock";
import { isOnline } from "../lib/connection";
import { byId } from "../lib/page";
import type { PlayerWords } from "../lib/sentences";
import { fill } from "../lib/words";
import { end, length, minus, type Range, shared, union } from "./ranges";

export interface Counted {
  duration: number;
  needed: number | null;
  credited: Range[];
  /** Played, not credited yet. */
  owed: Range[];
  /** Played while hidden without sound. */
  silent: Range[];
  position: number;
  /** Something is asked of the person here; not any more, once it was withdrawn. */
  asked: boolean;
}

interface Piece {
  span: Range;
  why: string;
}

interface Row {
  from: number;
  row: HTMLElement;
  when: HTMLElement;
  reason: HTMLElement;
  button: HTMLElement;
}

const SVG = "http://www.w3.org/2000/svg";
const SHOWN_GAP_MS = 2000;
const SHOWN_GAPS = 6;
// What is on its way for so long is not a matter of seconds any more: it is said by itself.
const LONG_OWED_MS = 15_000;

export class View {
  private drawn = "";
  private rows: Row[] = [];

  constructor(
    private readonly words: PlayerWords,
    private readonly seekTo: (ms: number) => void,
  ) {}

  draw(state: Counted): void {
    this.numbers(state);
    this.map(state);
    this.gaps(state);
  }

  private numbers({ asked, credited, duration, needed }: Counted): void {
    const done = length(credited);
    byId("player-done").textContent = spoken(this.words, done);
    byId("player-of").textContent = fill(this.words, "done_of", { all: spoken(this.words, duration) });
    const chip = byId("player-left");
    chip.hidden = needed === null || !asked;
    if (needed === null) return;
    // In whole seconds, as the server says it (attendance/standing.py): what counts and what is left make what is asked.
    const left = done < needed ? Math.max(1, Math.floor(needed / 1000) - Math.floor(done / 1000)) : 0;
    chip.className = left ? "chip due" : "chip ok";
    chip.textContent = left
      ? fill(this.words, "left", { left: spoken(this.words, left * 1000) })
      : fill(this.words, "enough");
  }

  private map({ credited, duration, owed, position }: Counted): void {
    const map = byId<SVGElement>("player-map");
    while (map.firstChild) map.removeChild(map.firstChild);
    if (!duration) return;
    const bar = (from: number, to: number, name: string): void => {
      const [left, right] = [Math.min(from, duration), Math.min(to, duration)];
      const rect = document.createElementNS(SVG, "rect");
      rect.setAttribute("x", ((left / duration) * 1000).toFixed(2));
      rect.setAttribute("width", (((right - left) / duration) * 1000).toFixed(2));
      rect.setAttribute("height", "12");
      rect.setAttribute("class", name);
      map.appendChild(rect);
    };
    for (const [from, to] of owed) bar(from, to, "w");
    for (const [from, to] of credited) bar(from, to, "y");
    bar(position, position + duration * 0.006, "now");
    const parts = credited.map(([from, to]) => `${clock(from)} – ${clock(to)}`).join("，");
    map.setAttribute("aria-label", `${fill(this.words, "counted")}${parts || clock(0)}`);
  }

  private gaps(state: Counted): void {
    const gaps = minus([[0, state.duration]], state.credited).filter(([from, to]) => to - from >= SHOWN_GAP_MS);
    const pieces = gaps.reduce<Piece[]>((all, gap) => all.concat(this.pieces(gap, state)), []).slice(0, SHOWN_GAPS);
    const drawn = JSON.stringify(pieces.map(({ span, why }) => [clock(span[0]), clock(span[1]), why]));
    const isKnown = state.credited.length || state.silent.length || (!isOnline() && state.owed.length);
    const isNothing = pieces.length === 0 || !isKnown;
    byId("player-gaps").hidden = isNothing || !state.asked;
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    // Rows are written anew and not made anew: a finger may be on one.
    const list = byId("player-gap-list");
    if (!this.rows.length) list.textContent = "";
    pieces.forEach((piece, index) => {
      const row = this.rows[index] ?? this.row(list);
      this.rows[index] = row;
      this.write(row, piece);
    });
    for (const { row } of this.rows.splice(pieces.length)) list.removeChild(row);
  }

  /** A gap, parted where some of it was watched already and waits on the phone. */
  private pieces(gap: Range, state: Counted): Piece[] {
    const least = isOnline() ? LONG_OWED_MS : SHOWN_GAP_MS;
    const waiting = shared([gap], state.owed).filter(([from, to]) => to - from >= least);
    if (!waiting.length) return [{ span: gap, why: this.why(gap, state) }];
    const said = fill(this.words, isOnline() ? "gap_checking" : "gap_waiting");
    const rest = minus([gap], waiting).filter(([from, to]) => to - from >= SHOWN_GAP_MS);
    return waiting
      .map((span) => ({ span, why: said }))
      .concat(rest.map((span) => ({ span, why: this.why(span, state) })))
      .sort((a, b) => a.span[0] - b.span[0]);
  }

  private row(list: Element): Row {
    const row = document.createElement("div");
    row.className = "row who";
    const text = document.createElement("span");
    text.className = "grow";
    const when = document.createElement("b");
    const reason = document.createElement("span");
    reason.className = "sub";
    text.appendChild(when);
    text.appendChild(reason);
    const button = document.createElement("button");
    button.type = "button";
    button.className = "step";
    button.textContent = fill(this.words, "from_here");
    row.appendChild(text);
    row.appendChild(button);
    list.appendChild(row);
    const made: Row = { from: 0, row, when, reason, button };
    button.addEventListener("click", () => this.seekTo(made.from));
    return made;
  }

  private write(row: Row, { span: [from, to], why }: Piece): void {
    row.from = from;
    row.when.textContent = `${clock(from)} – ${clock(to)}`;
    row.reason.textContent = why;
    row.button.setAttribute("aria-label", fill(this.words, "from_here_label", { at: clock(from) }));
  }

  private why(gap: Range, { credited, owed, silent }: Counted): string {
    const most = (part: Range[]): boolean => length(shared([gap], part)) * 2 >= gap[1] - gap[0];
    if (most(owed)) return fill(this.words, isOnline() ? "gap_checking" : "gap_waiting");
    if (length(shared([gap], union(silent))) >= SHOWN_GAP_MS) return fill(this.words, "gap_hidden");
    return fill(this.words, gap[0] >= end(credited) ? "gap_unseen" : "gap_skipped");
  }
}
