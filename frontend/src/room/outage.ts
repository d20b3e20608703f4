/** The line broke: what the phone goes on playing from its buffer meanwhile, on the server's clock. */

const LEAST_MS = 1000;

export class Outage {
  private span: { from: number; until: number } | null = null;

  get isOpen(): boolean {
    return this.span !== null;
  }

  begin(at: number): void {
    this.span = { from: at, until: at };
  }

  /** It was playing until now. */
  goOn(now: number): void {
    if (this.span) this.span.until = now;
  }

  /** The line is back, or the page goes. Returns what is worth telling, or null. */
  end(): { from_ms: number; to_ms: number } | null {
    const { span } = this;
    this.span = null;
    if (!span || span.until - span.from < LEAST_MS) return null;
    return { from_ms: Math.round(span.from), to_ms: Math.round(span.until) };
  }
}
