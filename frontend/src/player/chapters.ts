/** The chapters below the player: a tap leads there, and the one that plays is marked. */
import { optional } from "../lib/page";
import { chapterAt } from "../lib/slides";

export class Chapters {
  private readonly starts: number[];
  private now = -1;

  private constructor(
    private readonly buttons: HTMLButtonElement[],
    goTo: (ms: number) => void,
  ) {
    this.starts = buttons.map((button) => Number(button.dataset.start));
    buttons.forEach((button, place) => {
      button.disabled = false;
      button.addEventListener("click", () => goTo(this.starts[place] ?? 0));
    });
  }

  /** Null where the media has none. */
  static of(goTo: (ms: number) => void): Chapters | null {
    const list = optional("chapters");
    const buttons = list ? Array.from(list.querySelectorAll<HTMLButtonElement>("button[data-start]")) : [];
    return buttons.length ? new Chapters(buttons, goTo) : null;
  }

  draw(position: number): void {
    const now = chapterAt(this.starts, position);
    if (now === this.now) return;
    this.buttons[this.now]?.removeAttribute("aria-current");
    this.buttons[now]?.setAttribute("aria-current", "true");
    this.now = now;
  }
}
