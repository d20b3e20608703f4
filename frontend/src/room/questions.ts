/** Questions to the lecturer, apart from the chat: ask, ask the same, see which one is being answered. */
import { randomId } from "../lib/device";
import type { MarkedEvent, QuestionEvent, VotesEvent } from "../lib/frames";
import { KeyedList, type KeyedRow } from "../lib/keyed";
import { button, made } from "../lib/made";
import { byId, write } from "../lib/page";
import type { AskWords } from "../lib/sentences";
import { recall, remember } from "../lib/storage";
import { fill } from "../lib/words";
import { firstOf, isOwnNow, ordered, Taps } from "./asked";
import type { Pending } from "./pending";

const MOST = 200;

const REFUSALS: Record<string, keyof AskWords> = {
  empty: "empty",
  too_long: "too_long",
  closed: "closed",
  muted: "muted",
  chat_off: "chat_off",
  many: "many",
  slow_down: "slow",
  answered: "answered_already",
  gone: "gone",
};
const OWN: Partial<Record<QuestionEvent["state"], keyof AskWords>> = {
  now: "own_now",
  answered: "own_answered",
  hidden: "own_hidden",
};

/** The questions of a room by their numbers; both pages keep them so. */
export class QuestionList {
  readonly all = new Map<number, QuestionEvent>();

  told(questions: QuestionEvent[]): void {
    this.all.clear();
    for (const one of questions) this.all.set(one.question, one);
  }

  votes(event: VotesEvent): void {
    event.questions.forEach((question, place) => {
      const one = this.all.get(question);
      if (one) one.votes = event.votes[place] ?? one.votes;
    });
  }

  /** Returns the question that was marked, if it is here. */
  marked(event: MarkedEvent): QuestionEvent | undefined {
    const one = this.all.get(event.question);
    if (one) one.state = event.state;
    return one;
  }

  shown(you: number): QuestionEvent[] {
    return ordered(Array.from(this.all.values()).filter((one) => one.state !== "hidden" || one.member === you));
  }
}

export class Questions {
  private readonly list = new QuestionList();
  private readonly rows = new KeyedList<QuestionEvent>(byId("questions"), {
    key: (one) => one.question,
    shape: (one) => one.state,
    make: (one) => this.row(one),
  });
  private readonly voted = new Set<number>();
  private readonly input = byId<HTMLTextAreaElement>("ask-text");
  private readonly send = byId<HTMLButtonElement>("ask-send");
  private readonly taps = new Taps();
  private isAnswering = false;
  private isClosed = false;
  /** The question is under way: sent once more it would be two. */
  private isAsking = false;
  /** Kept over a failed try, so that the same question is stored once. */
  private id = "";
  private said = "";

  constructor(
    private readonly words: AskWords,
    private readonly you: number,
    private readonly keep: string,
    private readonly pending: Pending,
  ) {
    this.input.value = recall("sessionStorage", `${keep}-ask`, "") || this.input.value;
    this.input.addEventListener("input", () => remember("sessionStorage", `${keep}-ask`, this.input.value || null));
    byId("ask").addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask();
    });
  }

  told(questions: QuestionEvent[], voted: number[]): void {
    this.list.told(questions);
    this.voted.clear();
    for (const question of voted) this.voted.add(question);
    this.draw();
  }

  question(event: QuestionEvent): void {
    this.list.all.set(event.question, event);
    this.draw();
  }

  votes(event: VotesEvent): void {
    this.list.votes(event);
    this.draw();
  }

  allow(on: boolean): void {
    write(byId("ask-note"), on ? "" : fill(this.words, "chat_off"));
  }

  marked(event: MarkedEvent): void {
    const one = this.list.marked(event);
    const own = one?.member === this.you ? OWN[event.state] : undefined;
    if (own) this.say(own);
    this.draw();
  }

  /** Whether the lecturer answers now: not in a break, nor after the end. */
  answers(on: boolean): void {
    if (this.isAnswering === on) return;
    this.isAnswering = on;
    this.draw();
  }

  close(on: boolean): void {
    this.isClosed = on;
    this.input.disabled = on;
    this.send.disabled = on || this.isAsking;
  }

  /** What others asked is not for the next holder of the phone. */
  clear(): void {
    this.input.value = "";
    remember("sessionStorage", `${this.keep}-ask`, null);
    this.told([], []);
  }

  private ask(): void {
    const text = this.input.value.trim();
    if (Array.from(text).length > MOST) this.say("too_long");
    if (!text || Array.from(text).length > MOST || this.send.disabled) return;
    this.id = this.said === text && this.id ? this.id : randomId();
    this.said = text;
    this.isAsking = true;
    this.send.disabled = true;
    const isSent = this.pending.put({ t: "ask", id: this.id, text }, (error) => this.asked(error));
    this.say(isSent ? "sending" : "not_sent");
  }

  private asked(error: string): void {
    this.isAsking = false;
    this.send.disabled = this.isClosed;
    if (error) {
      this.say(REFUSALS[error] ?? "try_again");
      return;
    }
    this.id = "";
    this.input.value = "";
    remember("sessionStorage", `${this.keep}-ask`, null);
    this.say("asked");
  }

  private vote(question: number): void {
    if (this.taps.isTwice(question, performance.now())) return;
    const on = !this.voted.has(question);
    this.set(question, on);
    this.pending.put({ t: "vote", id: randomId(), question, on }, (error) => {
      if (!error) return;
      this.set(question, !on);
      this.say(REFUSALS[error] ?? "try_again");
    });
  }

  private set(question: number, on: boolean): void {
    if (on) this.voted.add(question);
    else this.voted.delete(question);
    this.draw();
  }

  private say(word: keyof AskWords): void {
    write(byId("ask-note"), fill(this.words, word));
  }

  private draw(): void {
    const shown = this.list.shown(this.you);
    this.rows.show(firstOf(shown, this.you));
    const isNow = this.isAnswering && isOwnNow(shown, this.you);
    byId("own-now").hidden = !isNow;
    write(byId("own-now"), isNow ? fill(this.words, "own_now") : "");
    byId("questions-empty").hidden = shown.length > 0;
    const open = shown.filter((one) => one.state === "waiting" || one.state === "now").length;
    write(byId("questions-tab"), fill(this.words, open ? "questions_count" : "questions_tab", { n: open }));
  }

  private row(one: QuestionEvent): KeyedRow<QuestionEvent> {
    const isOwn = one.member === this.you;
    const row = made("li", `question ${one.state}`);
    row.appendChild(made("p", "question-text", one.text));
    row.appendChild(made("p", "sub", isOwn ? fill(this.words, "own_question") : `${one.name} · ${one.unit}`));
    const own = isOwn ? OWN[one.state] : undefined;
    const state = own ?? (one.state === "now" || one.state === "answered" ? one.state : undefined);
    if (state) row.appendChild(made("b", "question-state", fill(this.words, state)));
    if (one.state === "hidden") return { element: row, update: () => undefined };
    return { element: row, update: isOwn || one.state === "answered" ? this.count(row) : this.also(row, one.question) };
  }

  private count(row: HTMLElement): (one: QuestionEvent) => void {
    const count = row.appendChild(made("p", "sub"));
    return ({ votes }) => {
      count.hidden = !votes;
      write(count, votes ? fill(this.words, "also_count", { n: votes }) : "");
    };
  }

  private also(row: HTMLElement, question: number): (one: QuestionEvent) => void {
    const also = row.appendChild(button("", "", () => this.vote(question)));
    return ({ votes }) => {
      const on = this.voted.has(question);
      const count = votes ? ` · ${fill(this.words, "also_count", { n: votes })}` : "";
      also.className = `btn quiet question-also${on ? " on" : ""}`;
      also.setAttribute("aria-pressed", String(on));
      write(also, fill(this.words, on ? "also_on" : "also") + count);
    };
  }
}
