/** What was sent and is not stored yet: sent again with the same id until the server has answered. */
import type { Command, ErrorFrame } from "../lib/frames";

const AGAIN_MS = 4000;
const PATIENCE_MS = 8000;

export type Sent = Extract<Command, { id: string }>;

interface Waiting {
  command: Sent;
  /** Told "" when it is stored, or why it is not. */
  done(error: string): void;
  timer: number;
}

export class Pending {
  private readonly waiting = new Map<string, Waiting>();

  constructor(private readonly send: (command: Command) => boolean) {}

  /** Returns whether it went out; it waits and goes by itself if not. The same id takes the place of the one before. */
  put(command: Sent, done: (error: string) => void): boolean {
    window.clearTimeout(this.waiting.get(command.id)?.timer);
    const one = { command, done, timer: 0 };
    this.waiting.set(command.id, one);
    return this.go(one);
  }

  /** Returns whether that was ours. */
  stored(id: string): boolean {
    return this.finish(id, "");
  }

  /** Returns whether the refusal was about something of ours; what may succeed later is sent again. */
  refused(frame: ErrorFrame): boolean {
    const one = frame.id ? this.waiting.get(frame.id) : undefined;
    if (!one) return false;
    if (frame.error !== "try_again") return this.finish(one.command.id, frame.error);
    window.clearTimeout(one.timer);
    one.timer = window.setTimeout(() => this.go(one), AGAIN_MS);
    return true;
  }

  /** The line is back. */
  resend(): void {
    for (const one of Array.from(this.waiting.values())) this.go(one);
  }

  /** A newer one takes the place of those of the same word: the last tap holds. */
  forget(word: Sent["t"]): void {
    for (const one of Array.from(this.waiting.values())) {
      if (one.command.t !== word) continue;
      window.clearTimeout(one.timer);
      this.waiting.delete(one.command.id);
    }
  }

  private finish(id: string, error: string): boolean {
    const one = this.waiting.get(id);
    if (!one) return false;
    window.clearTimeout(one.timer);
    this.waiting.delete(id);
    one.done(error);
    return true;
  }

  private go(one: Waiting): boolean {
    window.clearTimeout(one.timer);
    // A send may have answered or replaced it: it goes on only as long as it is the one that waits.
    if (this.waiting.get(one.command.id) !== one || !this.send(one.command)) return false;
    one.timer = window.setTimeout(() => this.go(one), PATIENCE_MS);
    return true;
  }
}
