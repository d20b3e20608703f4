/** The poll or quiz on the phone: one tap answers, another one changes it until the host ends it. */
import { randomId } from "../lib/device";
import type { AnsweredFrame, PollEvent } from "../lib/frames";
import { button, made } from "../lib/made";
import { byId, write } from "../lib/page";
import type { AskWords } from "../lib/sentences";
import { recall, remember } from "../lib/storage";
import { fill, oneOf } from "../lib/words";
import { share } from "./asked";
import { fitNotice } from "./notice";
import type { Pending } from "./pending";

const REFUSALS = ["poll_closed", "try_again"] as const;

export interface PollFacts {
  poll: PollEvent;
  /** What the server has of us; null: nothing. */
  choice: number | null;
  /** What was tapped and is not stored yet. */
  asked: number | null;
  isSent: boolean;
  refused: string;
}

/** Which sentence stands below the options. Knows no DOM. */
export function pollWord({ poll, choice, asked, isSent, refused }: PollFacts): keyof AskWords {
  if (poll.open && asked !== null) return isSent ? "sending" : "not_sent";
  if (refused) return oneOf(REFUSALS, refused) ?? "try_again";
  if (poll.open) return choice === null ? "may_change" : "chosen";
  if (choice === null) return "not_chosen";
  if (!poll.quiz) return "thanks";
  return poll.right.indexOf(choice) >= 0 ? "is_right" : "is_wrong";
}

export class Polls {
  private poll: PollEvent | null = null;
  private choice: number | null = null;
  private asked: number | null = null;
  private isSent = false;
  private refused = "";
  /** Whoever has answered sees the answer alone, and opens the options to change it. */
  private isChanging = false;
  /** The poll that was put off: one line stands for it until it is taken up. */
  private later = 0;
  private seen: number;

  constructor(
    private readonly words: AskWords,
    private readonly keep: string,
    private readonly pending: Pending,
  ) {
    this.seen = recall("sessionStorage", `${keep}-poll-seen`, 0);
    byId("poll-change").addEventListener("click", () => {
      this.isChanging = true;
      this.draw();
    });
    byId("poll-later").addEventListener("click", () => this.putOff(true));
    byId("poll-now").addEventListener("click", () => this.putOff(false));
    byId("poll-done").addEventListener("click", () => this.putAway());
  }

  /** What the server says stands; `choice` undefined: it says nothing of ours. */
  told(poll: PollEvent | null, choice?: number | null): void {
    if (poll?.poll !== this.poll?.poll) {
      this.choice = null;
      this.asked = null;
      this.refused = "";
      this.isChanging = false;
    }
    if (poll?.open) this.refused = "";
    this.poll = poll;
    if (choice !== undefined) this.choice = choice;
    this.draw();
  }

  answered(frame: AnsweredFrame): void {
    if (frame.poll !== this.poll?.poll) return;
    this.choice = frame.choice;
    this.draw();
  }

  private tap(choice: number): void {
    const { poll } = this;
    if (!poll?.open) return;
    this.asked = choice;
    this.refused = "";
    this.pending.forget("poll_answer");
    const id = randomId();
    this.isSent = this.pending.put({ t: "poll_answer", id, poll: poll.poll, choice }, (error) => {
      if (this.poll?.poll !== poll.poll) return;
      this.asked = null;
      this.refused = error;
      if (!error) {
        this.choice = choice;
        this.isChanging = false;
      }
      this.draw();
    });
    this.draw();
  }

  private putAway(): void {
    this.seen = this.poll?.poll ?? 0;
    remember("sessionStorage", `${this.keep}-poll-seen`, this.seen);
    this.draw();
  }

  private putOff(on: boolean): void {
    this.later = on ? (this.poll?.poll ?? 0) : 0;
    this.draw();
  }

  /** A question that waits for its answer lies over the chat, until it is answered or put off. */
  private showWaiting(): void {
    const { poll } = this;
    const isWaiting = !!poll?.open && (this.choice === null || this.isChanging);
    const isLater = isWaiting && this.later === poll?.poll;
    document.body.dataset.ask = isLater ? "later" : isWaiting ? "open" : "";
    byId("poll-later").hidden = !isWaiting || isLater;
    byId("poll-now").hidden = !isLater;
    byId("poll-rest").hidden = isLater;
  }

  private draw(): void {
    this.showWaiting();
    const { poll } = this;
    const box = byId("poll");
    box.hidden = !poll || (!poll.open && this.seen === poll.poll);
    // On a small phone the notice makes room for the question.
    document.body.dataset.poll = box.hidden ? "" : "open";
    fitNotice();
    if (!poll || box.hidden) return;
    write(byId("poll-text"), poll.text);
    byId("poll-kind").textContent = fill(this.words, poll.quiz ? "quiz_counts" : "only_counts");
    byId("poll-done").hidden = poll.open;
    const isFolded = poll.open && this.choice !== null && this.asked === null && !this.isChanging;
    byId("poll-change").hidden = !isFolded;
    byId("poll-options").hidden = isFolded;
    const list = byId("poll-options");
    list.textContent = "";
    for (const [place, option] of poll.options.entries()) {
      list.appendChild(poll.open ? this.choiceButton(place, option) : this.result(place, option));
    }
    const { choice, asked, isSent, refused } = this;
    const word = pollWord({ poll, choice, asked, isSent, refused });
    const option = choice === null ? "" : (poll.options[choice] ?? "");
    write(byId("poll-note"), fill(this.words, word, { option }));
  }

  private choiceButton(place: number, option: string): HTMLElement {
    const isMine = place === (this.asked ?? this.choice);
    const made = button(`poll-option${isMine ? " on" : ""}`, option, () => this.tap(place));
    made.setAttribute("aria-pressed", String(isMine));
    return made;
  }

  private result(place: number, option: string): HTMLElement {
    const poll = this.poll as PollEvent;
    const row = made("div", "poll-result");
    const words = [option];
    if (poll.right.indexOf(place) >= 0) words.push(fill(this.words, "right_option"));
    if (place === this.choice) words.push(fill(this.words, "your_choice"));
    row.appendChild(made("span", "grow", words.join(" · ")));
    const count = poll.counts[place];
    if (count !== undefined) {
      row.appendChild(made("b", "", fill(this.words, "count", { n: count })));
      row.appendChild(bar(share(count, poll.counts)));
    }
    return row;
  }
}

/** A bar beside its number. */
export function bar(percent: number): HTMLElement {
  const box = made("span", "poll-bar");
  box.setAttribute("aria-hidden", "true");
  box.appendChild(made("span", "poll-full"));
  fillBar(box, percent);
  return box;
}

export function fillBar(box: HTMLElement, percent: number): void {
  (box.firstChild as HTMLElement).style.width = `${percent}%`;
}
