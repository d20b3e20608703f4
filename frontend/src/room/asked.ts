/** What is asked in the room, as the view gives it with the page and after each gap. */
import type { PollEvent, QuestionEvent } from "../lib/frames";

/** A poll as its hosts see it. */
export interface HostPoll {
  poll: number;
  quiz: boolean;
  text: string;
  options: string[];
  right: number[];
  state: "prepared" | "open" | "closed";
  counts: number[];
  shown: boolean;
}

export interface AskingState {
  poll: PollEvent | null;
  /** One's own answer to it, counted from 0. */
  choice: number | null;
  notice: string;
  questions: QuestionEvent[];
  /** Questions that one asks, too. */
  voted: number[];
  polls?: HostPoll[];
}

const ORDER: Record<QuestionEvent["state"], number> = { now: 0, waiting: 1, answered: 2, hidden: 3 };

/** The one being answered first, then by votes and by age, the answered last; the server's order. */
export function ordered(questions: QuestionEvent[]): QuestionEvent[] {
  return questions
    .slice()
    .sort((a, b) => ORDER[a.state] - ORDER[b.state] || b.votes - a.votes || a.question - b.question);
}

/** Nobody reads more on a phone. */
const MOST_SHOWN = 50;

/** The first of them, and what one asked oneself wherever that stands. */
export function firstOf(questions: QuestionEvent[], you: number): QuestionEvent[] {
  return questions.filter((one, place) => place < MOST_SHOWN || one.member === you);
}

export function total(counts: number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Of a hundred, for the width of a bar. */
export function share(count: number, counts: number[]): number {
  const all = total(counts);
  return all ? Math.round((count / all) * 100) : 0;
}

/** Whether a question of this person is being answered: said wherever they look. */
export function isOwnNow(questions: QuestionEvent[], you: number): boolean {
  return questions.some((one) => one.member === you && one.state === "now");
}

/** A double tap is one tap: the second of the same key within this time takes nothing back. */
const TWICE_MS = 800;

export class Taps {
  private readonly last = new Map<number, number>();

  /** Whether this tap at that moment (ms) is the second of a double tap. */
  isTwice(key: number, at: number): boolean {
    const before = this.last.get(key);
    this.last.set(key, at);
    return before !== undefined && at - before < TWICE_MS;
  }
}
