/** Slides in the member's room: the page above, the lecturer small below it; which of them is big the member chooses. */
import { byId, write } from "../lib/page";
import type { SlideWords } from "../lib/sentences";
import type { Shown } from "../lib/slides";
import { SlideView } from "../lib/slideview";
import { fill } from "../lib/words";

const NONE: Shown = { deck: "", page: 0, pages: 0 };

export class RoomSlides {
  private readonly view: SlideView;
  private readonly box = byId("screen-box");
  private readonly swap = byId<HTMLButtonElement>("slide-swap");
  private now: Shown = NONE;
  private isPictureBig = false;

  constructor(
    private readonly words: SlideWords,
    url: string,
    renewed: () => Promise<string>,
  ) {
    const parts = { box: byId("slide"), picture: byId<HTMLImageElement>("slide-page"), lost: byId("slide-lost") };
    this.view = new SlideView(words, url, parts, renewed);
    this.swap.addEventListener("click", () => {
      this.isPictureBig = !this.isPictureBig;
      this.draw(true);
    });
  }

  /** What everybody sees now; a server of before the last upgrade does not say it. */
  told(shown: Shown | undefined): void {
    this.now = shown ?? NONE;
  }

  /** `isOn`: the room is open; `low`: as little data as will do. */
  draw(isOn: boolean, low = this.view.low): void {
    this.view.low = low;
    this.box.classList.toggle("with-slide", isOn && !!this.now.deck);
    this.box.classList.toggle("big-picture", this.isPictureBig);
    this.view.show(isOn ? this.now : NONE);
    this.swap.hidden = !this.view.isShown;
    byId("slide-of").hidden = !this.view.isShown;
    if (!this.view.isShown) return;
    const { page, pages } = this.now;
    write(byId("slide-of"), fill(this.words, "of", { page, pages }));
    write(this.swap, fill(this.words, this.isPictureBig ? "big_slide" : "big_picture"));
  }

  /** What a tap on full screen means: the slide where it is the big one and the phone can; else null. */
  full(): HTMLElement | null {
    const slide = byId("slide");
    return this.view.isShown && !this.isPictureBig && "requestFullscreen" in slide ? slide : null;
  }
}
