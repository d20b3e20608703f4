/** After the end everybody wants to know: asked by each phone at a moment of its own, ever more seldom, until settled. */

const FIRST_MS = 12_000;
const AGAIN_MS = 20_000;
const TIMES = 12;

/** How long to wait before question number `asked` (0 is the first), before the spread; null: enough asked. */
export function pauseBefore(asked: number): number | null {
  if (asked >= TIMES) return null;
  return asked ? AGAIN_MS * Math.min(asked, 4) : FIRST_MS;
}

export class VerdictAsker {
  private asked = 0;
  private timer = 0;

  /** `isWanted`: it is over, and what it was for this member is still open. */
  constructor(
    private readonly isWanted: () => boolean,
    private readonly ask: () => Promise<void>,
  ) {}

  start(): void {
    window.clearTimeout(this.timer);
    const pause = pauseBefore(this.asked);
    if (pause === null || !this.isWanted()) return;
    this.timer = window.setTimeout(
      () => {
        if (!this.isWanted()) return;
        this.asked += 1;
        void this.ask().then(() => this.start());
      },
      pause * (0.25 + Math.random()),
    );
  }
}
