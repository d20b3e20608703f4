/**
 * Small pictures above the seek bar (media/core/storyboard.py): all of a film in one sheet, fetched at the first touch
 * of the bar and not before.
 */
import { optional } from "../lib/page";

export interface Board {
  url: string;
  columns: number;
  count: number;
  width: number;
  height: number;
  every_ms: number;
}

/** Where on the sheet the tile for `ms` begins, in pixels. */
export function tileAt(board: Board, ms: number): [number, number] {
  const number = Math.max(0, Math.min(board.count - 1, Math.floor(ms / board.every_ms)));
  return [(number % board.columns) * board.width, Math.floor(number / board.columns) * board.height];
}

/** The left edge of a tile whose middle is to stand at `middle`, so that it stays on a bar that is `room` wide. */
export function leftOf(middle: number, width: number, room: number): number {
  return Math.max(0, Math.min(room - width, middle - width / 2));
}

/** The thumb of a range does not leave its bar: it is about so wide. */
const THUMB = 16;

class Preview {
  private readonly sheet = new Image();
  private isAsked = false;
  private shown = -1;

  constructor(
    private readonly board: Board,
    private readonly seek: HTMLInputElement,
    private readonly tile: HTMLElement,
  ) {
    this.sheet.addEventListener("load", () => {
      tile.style.backgroundImage = `url("${this.sheet.src}")`;
      if (this.shown >= 0) this.show(this.shown);
    });
    tile.style.width = `${board.width}px`;
    tile.style.height = `${board.height}px`;
    seek.addEventListener("input", () => this.show(Number(seek.value) / this.whole()));
    seek.addEventListener("touchstart", () => this.ask(), { passive: true });
    // Only a mouse hovers; browsers that do not know which it is show nothing before the bar is drawn.
    seek.addEventListener("pointermove", (event) => {
      if (event.pointerType !== "mouse") return;
      const box = seek.getBoundingClientRect();
      const at = (event.clientX - box.left - THUMB / 2) / (box.width - THUMB);
      this.show(Math.max(0, Math.min(1, at)));
    });
    for (const event of ["change", "blur", "pointerleave", "touchend", "touchcancel"]) {
      seek.addEventListener(event, () => this.hide());
    }
  }

  private whole(): number {
    return Number(this.seek.max) || 1;
  }

  private ask(): void {
    if (this.isAsked) return;
    this.isAsked = true;
    this.sheet.src = this.board.url;
  }

  private hide(): void {
    this.shown = -1;
    this.tile.hidden = true;
  }

  /** `share` of the bar. A sheet that does not come is nothing to be told. */
  private show(share: number): void {
    this.ask();
    this.shown = share;
    if (!this.sheet.complete || !this.sheet.naturalWidth) return;
    const [x, y] = tileAt(this.board, share * this.whole());
    const room = this.seek.clientWidth;
    const left = leftOf(THUMB / 2 + share * (room - THUMB), this.board.width, room);
    this.tile.style.backgroundPosition = `-${x}px -${y}px`;
    this.tile.style.left = `${this.seek.offsetLeft + left}px`;
    this.tile.hidden = false;
  }
}

/** Nothing happens where the film has no such sheet, or where megabytes are counted. */
export function startStoryboard(board: Board | null | undefined): void {
  const seek = optional<HTMLInputElement>("player-seek");
  const tile = optional("player-tile");
  if (board && seek && tile) new Preview(board, seek, tile);
}
