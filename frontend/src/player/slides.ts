/** Slides beside a recording: the page that was shown at this place. */
import { byId, readData } from "../lib/page";
import type { SlideWords } from "../lib/sentences";
import { type Step, stepAt } from "../lib/slides";
import { SlideView } from "../lib/slideview";

interface SlidesData {
  url: string;
  steps: Step[];
  words: SlideWords;
}

export class ReplaySlides {
  private readonly view: SlideView;

  private constructor(
    private readonly data: SlidesData,
    renewed: () => Promise<string>,
  ) {
    const parts = { box: byId("slide"), picture: byId<HTMLImageElement>("slide-page"), lost: byId("slide-lost") };
    this.view = new SlideView(data.words, data.url, parts, renewed);
  }

  /** Null where the page has no slides. */
  static of(renewed: () => Promise<string>): ReplaySlides | null {
    const data = readData<SlidesData>("slides-data");
    return data ? new ReplaySlides(data, renewed) : null;
  }

  draw(position: number): void {
    const [, deck, page] = stepAt(this.data.steps, position) ?? [0, "", 0];
    // How many pages there are does not matter here: none is fetched ahead past the last that was shown.
    const next = this.data.steps.some(([, other, later]) => other === deck && later === page + 1);
    this.view.show({ deck, page, pages: next ? page + 1 : page });
  }
}
