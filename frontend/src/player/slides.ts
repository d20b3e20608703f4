/** Slides beside a recording: the page that was shown at this place, and chapters to go to. */
import { byId, optional, readData } from "../lib/page";
import type { SlideWords } from "../lib/sentences";
import { chapterAt, type Step, stepAt } from "../lib/slides";
import { SlideView } from "../lib/slideview";

interface SlidesData {
  url: string;
  steps: Step[];
  words: SlideWords;
}

export class ReplaySlides {
  private readonly view: SlideView;
  private readonly chapters: HTMLButtonElement[];
  private readonly starts: number[];

  private constructor(
    private readonly data: SlidesData,
    renewed: () => Promise<string>,
    goTo: (ms: number) => void,
  ) {
    const parts = { box: byId("slide"), picture: byId<HTMLImageElement>("slide-page"), lost: byId("slide-lost") };
    this.view = new SlideView(data.words, data.url, parts, renewed);
    const list = optional("chapters");
    this.chapters = list ? Array.from(list.querySelectorAll<HTMLButtonElement>("button[data-start]")) : [];
    this.starts = this.chapters.map((button) => Number(button.dataset.start));
    this.chapters.forEach((button, place) => {
      button.addEventListener("click", () => goTo(this.starts[place] ?? 0));
    });
  }

  /** Null where the page has no slides. */
  static of(renewed: () => Promise<string>, goTo: (ms: number) => void): ReplaySlides | null {
    const data = readData<SlidesData>("slides-data");
    return data ? new ReplaySlides(data, renewed, goTo) : null;
  }

  draw(position: number): void {
    const [, deck, page] = stepAt(this.data.steps, position) ?? [0, "", 0];
    // How many pages there are does not matter here: none is fetched ahead past the last that was shown.
    const next = this.data.steps.some(([, other, later]) => other === deck && later === page + 1);
    this.view.show({ deck, page, pages: next ? page + 1 : page });
    const now = chapterAt(this.starts, position);
    this.chapters.forEach((button, place) => {
      if (place === now) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    });
  }
}
