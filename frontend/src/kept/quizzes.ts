/**
 * Quizzes of a kept lesson. Their questions are kept with the lesson; the answers are written to localStorage in the
 * same step as they are given, and lie in the outbox until the server has them. What is right the phone never has.
 */
import { HttpError, send } from "../lib/http";
import type { Entry, Outbox } from "../lib/outbox";
import { sheetKey } from "../lib/sheetname";

export const ANSWERS = "/courses/answers/";
// As long as a lesson stays without the server's word (lesson.ts).
const WAIT_MS = 14 * 24 * 3600 * 1000;

export interface Question {
  position: number;
  html: string;
  /** What the server had of it when it was kept, as it is shown: places ticked or in order, and what was typed. */
  picked: number[];
  typed: string;
}

/** As the phone keeps it. Without an attempt `rules` says why there is none. */
export interface KeptQuiz {
  quiz: number;
  title: string;
  attempt: number;
  rules: string;
  costs: string;
  questions: Question[];
  /** By how much the server's clock is ahead of the phone's, ms. */
  ahead_ms: number;
}

export interface Given {
  picked: number[];
  typed: string;
  /** When it was given, by the server's clock as the phone knows it, ms. */
  at: number;
}

/** What was answered on this phone in one attempt. */
export interface Sheet {
  answers: Record<string, Given>;
  /** Orderings that are not through: the place chosen for each item. */
  drafts: Record<string, string[]>;
  /** The outbox's entry that says all of it; "" before the first answer. */
  entry: string;
  isHandedIn: boolean;
  /** What the server said of it once it was handed in. */
  result: string;
}

interface Come {
  attempt: number;
  is_submitted: boolean;
  said: string;
}

/** Get a quiz's questions; one that cannot be begun says why. Throws where there is no network. */
export async function fetchQuiz(lessonUrl: string, quiz: number): Promise<KeptQuiz> {
  const none = { quiz, title: "", attempt: 0, costs: "", questions: [], ahead_ms: 0 };
  try {
    const come = await send<KeptQuiz & { now_ms: number }>(`${lessonUrl}quizzes/${quiz}/keep/`, {}, { retries: 1 });
    const { now_ms, ...rest } = come;
    return { ...rest, ahead_ms: now_ms - Date.now() };
  } catch (error) {
    if (error instanceof HttpError && error.lasting && error.status !== 401) return { ...none, rules: error.message };
    throw error;
  }
}

export function sheetOf(owner: string, attempt: number): Sheet {
  const empty = { answers: {}, drafts: {}, entry: "", isHandedIn: false, result: "" };
  try {
    const found = JSON.parse(window.localStorage.getItem(sheetKey(owner, attempt)) ?? "null") as Partial<Sheet> | null;
    return { ...empty, ...found };
  } catch {
    return empty;
  }
}

/** Returns whether the phone has kept it. */
export function writeSheet(owner: string, attempt: number, sheet: Sheet): boolean {
  try {
    window.localStorage.setItem(sheetKey(owner, attempt), JSON.stringify(sheet));
    return true;
  } catch {
    return false;
  }
}

export function removeSheet(owner: string, attempt: number): void {
  try {
    window.localStorage.removeItem(sheetKey(owner, attempt));
  } catch {
    // It was never there.
  }
}

/** One attempt as it is taken on this phone. */
export class Taking {
  private sheet: Sheet;
  /** The phone refused to keep the last step: it is known for as long as the page stands. */
  isRefused = false;

  constructor(
    private readonly owner: string,
    readonly quiz: KeptQuiz,
    private readonly outbox: Outbox,
  ) {
    this.sheet = sheetOf(owner, quiz.attempt);
    // Its answer came to another page of this phone: what is sent again is answered again.
    if (this.sheet.isHandedIn && !this.sheet.result && !this.isWaiting) this.post();
  }

  get isHandedIn(): boolean {
    return this.sheet.isHandedIn;
  }

  get result(): string {
    return this.sheet.result;
  }

  get isWaiting(): boolean {
    return this.sheet.entry !== "" && this.outbox.has(this.sheet.entry);
  }

  /** How many questions were answered on this phone. */
  get count(): number {
    return Object.keys(this.sheet.answers).length;
  }

  given(question: Question): { picked: number[]; typed: string } | null {
    const own = this.sheet.answers[question.position];
    if (own) return own;
    return question.picked.length || question.typed ? question : null;
  }

  draft(position: number): string[] | null {
    return this.sheet.drafts[position] ?? null;
  }

  /** The questions without an answer, of this phone or of the server's. */
  open(): number[] {
    return this.quiz.questions.filter((one) => !this.given(one)).map((one) => one.position);
  }

  answer(question: Question, picked: number[], typed: string): void {
    this.refresh();
    const before = this.given(question);
    delete this.sheet.drafts[question.position];
    if (this.sheet.isHandedIn || (before && before.typed === typed && before.picked.join() === picked.join())) return;
    this.sheet.answers[question.position] = { picked, typed, at: Date.now() + this.quiz.ahead_ms };
    this.post();
  }

  keepDraft(position: number, ranks: string[]): void {
    this.refresh();
    this.sheet.drafts[position] = ranks;
    this.isRefused = !writeSheet(this.owner, this.quiz.attempt, this.sheet);
  }

  handIn(): void {
    this.refresh();
    this.sheet.isHandedIn = true;
    this.post();
  }

  /** Take over what another tab of this phone wrote meanwhile; of two answers to one question the later stands. */
  refresh(): void {
    const kept = sheetOf(this.owner, this.quiz.attempt);
    for (const [position, given] of Object.entries(kept.answers)) {
      const own = this.sheet.answers[position];
      if (!own || own.at <= given.at) this.sheet.answers[position] = given;
    }
    this.sheet.entry = kept.entry || this.sheet.entry;
    this.sheet.isHandedIn = this.sheet.isHandedIn || kept.isHandedIn;
    this.sheet.result = this.sheet.result || kept.result;
  }

  /** The server has answered one of its entries. */
  heard(answer: Come): void {
    if (!answer.is_submitted) return;
    this.refresh();
    this.sheet.isHandedIn = true;
    this.sheet.result = answer.said;
    writeSheet(this.owner, this.quiz.attempt, this.sheet);
  }

  /** The server has refused it for good. */
  refused(message: string): void {
    this.heard({ attempt: this.quiz.attempt, is_submitted: true, said: message });
  }

  /** One entry says all that was answered here, so that none can overtake another; an earlier one is not needed. */
  private post(): void {
    const answers = Object.keys(this.sheet.answers).map((position) => ({
      position: Number(position),
      ...this.sheet.answers[position],
    }));
    const { owner, quiz, sheet } = this;
    if (sheet.entry) this.outbox.forget(sheet.entry);
    const body = { owner, attempt: quiz.attempt, answers, submit: sheet.isHandedIn };
    sheet.entry = this.outbox.add(ANSWERS, body, undefined, WAIT_MS);
    this.isRefused = !writeSheet(owner, quiz.attempt, sheet) || !this.outbox.isKept(sheet.entry);
  }
}

/** Whether the outbox's entry is about answers: then what the server says of it. */
export function cameOf(entry: Entry, answer: unknown): Come | null {
  return entry.url === ANSWERS ? (answer as Come) : null;
}

/** Forget what was answered here in some attempts, but for what still waits to be sent. */
export function forgetSheets(owner: string, before: KeptQuiz[], waits: (entry: string) => boolean): void {
  for (const { attempt } of before) {
    if (attempt && !waits(sheetOf(owner, attempt).entry)) removeSheet(owner, attempt);
  }
}

export interface Standing {
  isHandedIn: boolean;
  isWaiting: boolean;
  result: string;
  count: number;
}

/** How an attempt stands, where no page of it is open; `waits`: whether an entry of the outbox has still to go. */
export function standingOf(owner: string, attempt: number, waits: (entry: string) => boolean): Standing {
  const { isHandedIn, result, entry, answers } = sheetOf(owner, attempt);
  return { isHandedIn, result, isWaiting: waits(entry), count: Object.keys(answers).length };
}

/** How a quiz stands, as the key of a sentence; `result` is said as it is. */
export function stateKey(one: Standing, isOnline: boolean): string {
  if (one.isHandedIn) return isOnline && one.isWaiting ? "quiz_handing" : "quiz_handed";
  if (!one.count) return "quiz_none";
  if (!one.isWaiting) return "quiz_sent";
  return isOnline ? "quiz_going" : "quiz_kept";
}

/** The places of an ordering by the rank that each item was given; null where it is none: one twice, or one left out. */
export function placesBy(ranks: string[]): number[] | null {
  const places = ranks.map((_, rank) => ranks.indexOf(String(rank + 1)));
  return places.length && places.every((place) => place >= 0) ? places : null;
}

/** The next question without an answer: after this one, else before it; 0 where all have one. */
export function following(open: number[], position: number): number {
  return open.find((one) => one > position) ?? open.find((one) => one !== position) ?? 0;
}
