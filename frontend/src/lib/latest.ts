/** Of several questions that may overlap the answer that still holds. Knows no DOM. */

/** An answer is asked for, and what is newer than the question makes it worthless. */
export class Look<T> {
  private asked = 0;
  /** Answers to questions before this one are worth nothing. */
  private oldest = 0;

  constructor(
    private readonly ask: () => Promise<T>,
    private readonly take: (answer: T) => void,
  ) {}

  /** What the answer tells was told by another way, and may have changed since the question. */
  changed(): void {
    this.oldest = this.asked + 1;
  }

  /** Ask; an answer that was overtaken is dropped, and asked for again where nobody has. @throws as `ask` does */
  async now(): Promise<void> {
    this.asked += 1;
    const mine = this.asked;
    const answer = await this.ask();
    if (mine >= this.oldest) {
      this.oldest = mine;
      this.take(answer);
    } else if (mine === this.asked) {
      await this.now();
    }
  }

  /** As `now`; where it fails, the next gap or the next return asks again. */
  async catchUp(): Promise<void> {
    try {
      await this.now();
    } catch {
      // Nothing was told, and nothing is lost.
    }
  }
}
