/** Polls and quizzes at the desk: write, open, watch the count grow, close, show. */
import { randomId } from "../lib/device";
import type { Command, TallyEvent } from "../lib/frames";
import { KeyedList, type KeyedRow } from "../lib/keyed";
import { button, made } from "../lib/made";
import { byId, write } from "../lib/page";
import type { HostAskWords } from "../lib/sentences";
import { Sure } from "../lib/sure";
import { fill } from "../lib/words";
import { type HostPoll, share, total } from "../room/asked";
import type { Pending } from "../room/pending";
import { bar, fillBar } from "../room/polls";

const OPTIONS = 6;

export const POLL_REFUSALS: Record<string, keyof HostAskWords> = {
  empty: "empty_poll",
  too_long: "too_long_poll",
  options: "options",
  same: "same",
  right: "right",
  many: "many_polls",
  other_open: "other_open",
  opened: "opened",
  closed: "closed",
  gone: "gone",
  state: "gone",
  slow_down: "slow_down",
  not_host: "not_host",
};

export interface Draft {
  text: string;
  options: string[];
  right: number[];
}

/**
 * What stands in the form, without the options that were left empty; `right` counts those that are left. A mark at an
 * empty option marks nothing.
 */
export function draftOf(text: string, options: string[], marks: boolean[]): Draft {
  const filled = options.map((option, place) => ({ option: option.trim(), mark: marks[place] ?? false }));
  const kept = filled.filter((one) => one.option);
  const right = kept.map((one, place) => (one.mark ? place : -1)).filter((place) => place >= 0);
  return { text: text.trim(), options: kept.map((one) => one.option), right };
}

export function stateWord(poll: HostPoll): keyof HostAskWords {
  if (poll.state === "prepared") return "prepared";
  if (poll.state === "open") return "is_open";
  return poll.shown ? "is_shown" : "is_closed";
}

export class HostPolls {
  private polls: HostPoll[] = [];
  private readonly sure = new Sure();
  private readonly rows = new KeyedList<HostPoll>(byId("polls"), {
    key: (poll) => poll.poll,
    // Counts grow while it stands; whatever else changes makes it another row.
    shape: (poll) => JSON.stringify({ ...poll, counts: [] }),
    make: (poll) => this.row(poll),
  });
  private editing = 0;
  private id = "";
  /** The form's id while the server has not answered yet. */
  private saving = "";

  constructor(
    private readonly words: HostAskWords,
    private readonly pending: Pending,
    private readonly send: (command: Command) => boolean,
    private readonly refresh: () => void,
  ) {
    byId("poll-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    byId("poll-new").addEventListener("click", () => this.edit(null));
    byId("poll-cancel").addEventListener("click", () => this.fold(true));
    byId("poll-quiz").addEventListener("change", () => this.showMarks());
  }

  told(polls: HostPoll[]): void {
    this.polls = polls;
    this.draw();
  }

  tally(event: TallyEvent): void {
    const poll = this.polls.find((one) => one.poll === event.poll);
    if (!poll) return;
    poll.counts = event.counts;
    this.draw();
  }

  say(word: keyof HostAskWords | ""): void {
    write(byId("polls-note"), word ? fill(this.words, word) : "");
  }

  // --- the form -------------------------------------------------------------------------------------------------

  private edit(poll: HostPoll | null): void {
    this.editing = poll?.poll ?? 0;
    this.id = randomId();
    this.wait("");
    byId<HTMLTextAreaElement>("poll-new-text").value = poll?.text ?? "";
    byId<HTMLInputElement>("poll-quiz").checked = poll?.quiz ?? false;
    for (let place = 0; place < OPTIONS; place += 1) {
      byId<HTMLInputElement>(`poll-option-${place}`).value = poll?.options[place] ?? "";
      byId<HTMLInputElement>(`poll-right-${place}`).checked = poll ? poll.right.indexOf(place) >= 0 : false;
    }
    this.showMarks();
    this.say("");
    this.fold(false);
    byId("poll-new-text").focus();
  }

  private fold(on: boolean): void {
    byId("poll-form").hidden = on;
    byId("poll-new").hidden = !on;
  }

  private showMarks(): void {
    const isQuiz = byId<HTMLInputElement>("poll-quiz").checked;
    for (let place = 0; place < OPTIONS; place += 1) byId(`poll-mark-${place}`).hidden = !isQuiz;
  }

  private wait(id: string): void {
    this.saving = id;
    byId<HTMLButtonElement>("poll-save").disabled = !!id;
  }

  private save(): void {
    if (this.saving) return;
    const places = Array.from({ length: OPTIONS }, (_, place) => place);
    const quiz = byId<HTMLInputElement>("poll-quiz").checked;
    const draft = draftOf(
      byId<HTMLTextAreaElement>("poll-new-text").value,
      places.map((place) => byId<HTMLInputElement>(`poll-option-${place}`).value),
      places.map((place) => byId<HTMLInputElement>(`poll-right-${place}`).checked),
    );
    if (!draft.text || draft.options.length < 2) {
      this.say(draft.text ? "options" : "empty_poll");
      return;
    }
    const { id } = this;
    this.wait(id);
    const command = { t: "poll_save" as const, id, poll: this.editing, quiz, ...draft };
    const isSent = this.pending.put(command, (error) => this.saved(id, error));
    this.say(isSent ? "" : "not_sent");
  }

  /** Another form may have been opened meanwhile: it stays as it is. */
  private saved(id: string, error: string): void {
    if (error) this.say(POLL_REFUSALS[error] ?? "try_again");
    else this.say("saved");
    if (this.saving === id) {
      this.wait("");
      if (!error) this.fold(true);
    }
    if (!error) this.refresh();
  }

  // --- the list -------------------------------------------------------------------------------------------------

  private do(command: Command): void {
    this.say(this.send(command) ? "" : "try_again");
  }

  private draw(): void {
    // The newest first: it is the one that is about to be asked.
    this.rows.show(this.polls.slice().reverse());
    byId("polls-empty").hidden = this.polls.length > 0;
    const open = this.polls.find((one) => one.state === "open");
    const tab = open ? fill(this.words, "polls_open", { n: total(open.counts) }) : fill(this.words, "polls_tab");
    write(byId("polls-tab"), tab);
  }

  private row(poll: HostPoll): KeyedRow<HostPoll> {
    const row = made("li", `host-poll ${poll.state}`);
    row.appendChild(made("p", "sub", fill(this.words, poll.quiz ? "kind_quiz" : "kind_poll")));
    row.appendChild(made("b", "host-poll-text", poll.text));
    const counts = poll.options.map((option, place) => this.option(row, poll, option, place));
    const state = row.appendChild(made("p", "sub"));
    const steps = row.appendChild(made("div", "desk-row"));
    for (const step of this.steps(poll)) steps.appendChild(step);
    const update = (now: HostPoll): void => {
      for (const count of counts) count(now.counts);
      write(state, fill(this.words, stateWord(now), { n: total(now.counts) }));
    };
    return { element: row, update };
  }

  /** Returns what writes its count. */
  private option(row: HTMLElement, poll: HostPoll, option: string, place: number): (counts: number[]) => void {
    const line = row.appendChild(made("div", "poll-result"));
    const isRight = poll.right.indexOf(place) >= 0;
    line.appendChild(made("span", "grow", isRight ? `${option} · ${fill(this.words, "right_option")}` : option));
    if (poll.state === "prepared") return () => undefined;
    const number = line.appendChild(made("b", ""));
    const length = line.appendChild(bar(0));
    return (counts) => {
      const count = counts[place] ?? 0;
      write(number, fill(this.words, "count", { n: count }));
      fillBar(length, share(count, counts));
    };
  }

  private steps(poll: HostPoll): HTMLElement[] {
    const id = poll.poll;
    if (poll.state === "open") return [this.step("btn", "end", () => this.do({ t: "poll_close", poll: id }))];
    if (poll.state === "closed") {
      const on = !poll.shown;
      return [this.step("btn quiet", on ? "show" : "unshow", () => this.do({ t: "poll_show", poll: id, on }))];
    }
    return [
      this.step("btn", "open", () => this.do({ t: "poll_open", poll: id })),
      this.step("btn quiet", "edit", () => this.edit(poll)),
      this.drop(id),
    ];
  }

  /** Asked once more: what is deleted is gone. */
  private drop(poll: number): HTMLElement {
    const drop = button("btn quiet", "", () => {
      if (this.sure.tapped(poll, paint)) this.do({ t: "poll_drop", poll });
    });
    const paint = (): void => write(drop, fill(this.words, this.sure.is(poll) ? "drop_sure" : "drop"));
    this.sure.shown(poll, paint);
    return drop;
  }

  private step(look: string, word: keyof HostAskWords, act: () => void): HTMLElement {
    return button(look, fill(this.words, word), act);
  }
}
