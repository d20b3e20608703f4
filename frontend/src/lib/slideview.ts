/** A slide on the page: the picture of one page, the next one fetched ahead, and another try for what was lost. */
import { write } from "./page";
import type { SlideWords } from "./sentences";
import { LARGE, pageAddress, type Shown, widthFor } from "./slides";
import { fill } from "./words";

const AGAIN_MS = 3000;

export interface SlideParts {
  box: HTMLElement;
  picture: HTMLImageElement;
  lost: HTMLElement;
}

export class SlideView {
  low = false;
  /** Seen from afar: the large pictures, however narrow the page. */
  isLarge = false;
  private shown: Shown = { deck: "", page: 0, pages: 0 };
  private timer = 0;
  /** Kept so that no browser drops what is on its way. */
  private ahead: HTMLImageElement | null = null;

  constructor(
    private readonly words: SlideWords,
    private url: string,
    private readonly parts: SlideParts,
    /** Addresses run out: the newest one. */
    private readonly renewed: () => Promise<string>,
  ) {
    parts.picture.addEventListener("load", () => this.loaded());
    parts.picture.addEventListener("error", () => this.failed());
  }

  get isShown(): boolean {
    return this.shown.deck !== "";
  }

  show(shown: Shown): void {
    const was = this.shown;
    this.shown = shown;
    this.parts.box.hidden = !shown.deck;
    if (was.deck === shown.deck && was.page === shown.page) return;
    window.clearTimeout(this.timer);
    write(this.parts.lost, "");
    this.parts.lost.hidden = true;
    if (shown.deck && this.url) this.load();
    // A page of a lecture that was over, or of somebody who was asked out, has none.
    else if (shown.deck) void this.again();
    else this.parts.picture.removeAttribute("src");
  }

  private load(): void {
    const { deck, page, pages } = this.shown;
    this.parts.picture.alt = fill(this.words, "alt", { page, pages });
    this.parts.picture.src = this.address(deck, page);
  }

  private address(deck: string, page: number): string {
    const css = this.isLarge ? LARGE : this.parts.box.clientWidth || window.innerWidth;
    const saves = (navigator as Navigator & { connection?: { saveData?: boolean } }).connection?.saveData === true;
    return pageAddress(this.url, deck, page, widthFor(css, window.devicePixelRatio || 1, this.low || saves));
  }

  private loaded(): void {
    this.parts.lost.hidden = true;
    const { deck, page, pages } = this.shown;
    if (!deck || page >= pages) return;
    this.ahead = new Image();
    this.ahead.src = this.address(deck, page + 1);
  }

  private failed(): void {
    if (!this.shown.deck) return;
    write(this.parts.lost, fill(this.words, "lost"));
    this.parts.lost.hidden = false;
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.again(), AGAIN_MS);
  }

  private async again(): Promise<void> {
    try {
      this.url = (await this.renewed()) || this.url;
    } catch {
      // The line is away: the old address is tried.
    }
    // A browser does not ask twice for the same address by itself.
    this.parts.picture.removeAttribute("src");
    if (this.url && this.shown.deck) this.load();
    else this.failed();
  }
}
