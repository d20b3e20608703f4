/** When a question's moment has come: playing crossed it. To drag past it is not to play over it. Knows no DOM. */

/** What the page is told once a question is answered; places are those of the choices as they are shown. */
export interface Result {
  is_right: boolean;
  picked: number[];
  typed: string;
  right: number[];
  accepted: string[];
  explanation: string;
}

export interface Item {
  at_ms: number;
  must: boolean;
  version: number;
  kind: "single" | "several" | "true_false" | "order" | "fill";
  text: string;
  how: string;
  choices: string[];
  url: string;
  result: Result | null;
}

export interface Given {
  picked: number[];
  typed: string;
}

/** What a browser tells between two moments of playing, at twice the speed and on a busy phone. */
const STEP_MS = 5000;

export class Crossing {
  private last: number | null = null;

  /** The place jumped: what lies in between was not played. */
  cut(): void {
    this.last = null;
  }

  /** Returns the moments that playing has crossed since it was last told where it is. */
  to(now: number, moments: readonly number[]): number[] {
    const from = this.last;
    this.last = now;
    if (from === null || now < from || now - from > STEP_MS) return [];
    return moments.filter((at) => from <= at && at < now);
  }
}

/** Whether an answer can be sent: something is ticked, every item has a place of its own, a word is written. */
export function isComplete(item: Item, given: Given): boolean {
  if (item.kind === "fill") return given.typed.trim() !== "";
  if (item.kind !== "order") return given.picked.length > 0;
  const places = item.choices.map((_, place) => place);
  return given.picked.length === places.length && places.every((place) => given.picked.includes(place));
}

/** The choices by their words, as they are read: of an ordering one after the other. */
export function said(item: Item, places: readonly number[], comma: string): string {
  return places.map((place) => item.choices[place] ?? "").join(item.kind === "order" ? " → " : comma);
}

/** Whether a refusal with this status ends the question here: it is no more, or was answered elsewhere. Another answer
 * to one that only does not fit (422) may. */
export function isOver(status: number): boolean {
  return status === 404 || status === 409 || status === 410;
}
