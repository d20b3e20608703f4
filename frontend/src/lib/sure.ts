/** What is asked once more before it is done. Kept by its number: a row that is made anew still asks. Knows no DOM. */

const SURE_MS = 6000;

interface Asked {
  timer: number;
  /** Of each button that shows the question. */
  paints: (() => void)[];
}

export class Sure {
  private readonly asked = new Map<number, Asked>();

  is(key: number): boolean {
    return this.asked.has(key);
  }

  /** A button for it has been made: `paint` writes its text, now and when the question is over. */
  shown(key: number, paint: () => void): void {
    this.asked.get(key)?.paints.push(paint);
    paint();
  }

  /** Returns whether this tap says yes; the first one asks. */
  tapped(key: number, paint: () => void): boolean {
    if (this.asked.has(key)) {
      this.over(key);
      return true;
    }
    this.asked.set(key, { timer: window.setTimeout(() => this.over(key), SURE_MS), paints: [paint] });
    paint();
    return false;
  }

  private over(key: number): void {
    const one = this.asked.get(key);
    if (!one) return;
    window.clearTimeout(one.timer);
    this.asked.delete(key);
    for (const paint of one.paints) paint();
  }
}
