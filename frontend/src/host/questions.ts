/** Questions at the desk, in the order of their votes: which one is being answered, which are, which are put away. */
import type { Command, MarkedEvent, QuestionEvent, VotesEvent } from "../lib/frames";
import { KeyedList, type KeyedRow } from "../lib/keyed";
import { button, made } from "../lib/made";
import { byId, write } from "../lib/page";
import type { HostAskWords } from "../lib/sentences";
import { fill } from "../lib/words";
import { QuestionList } from "../room/questions";

type State = QuestionEvent["state"];

const STEPS: Record<State, State[]> = {
  waiting: ["now", "answered", "hidden"],
  now: ["answered", "waiting", "hidden"],
  answered: ["waiting", "hidden"],
  hidden: [],
};

export class HostQuestions {
  private readonly list = new QuestionList();
  private readonly rows = new KeyedList<QuestionEvent>(byId("questions"), {
    key: (one) => one.question,
    shape: (one) => one.state,
    make: (one) => this.row(one),
  });

  constructor(
    private readonly words: HostAskWords,
    private readonly send: (command: Command) => boolean,
  ) {}

  told(questions: QuestionEvent[]): void {
    this.list.told(questions);
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

  marked(event: MarkedEvent): void {
    this.list.marked(event);
    this.draw();
  }

  say(word: keyof HostAskWords | ""): void {
    write(byId("questions-note"), word ? fill(this.words, word) : "");
  }

  private draw(): void {
    // What is put away is shown to no host either.
    const shown = this.list.shown(0);
    this.rows.show(shown);
    byId("questions-empty").hidden = shown.length > 0;
    const waiting = shown.filter((one) => one.state === "waiting").length;
    write(byId("questions-tab"), fill(this.words, waiting ? "questions_count" : "questions_tab", { n: waiting }));
  }

  private row(one: QuestionEvent): KeyedRow<QuestionEvent> {
    const row = made("li", `question ${one.state}`);
    row.appendChild(made("p", "question-text", one.text));
    const who = row.appendChild(made("p", "sub"));
    if (one.state === "now" || one.state === "answered") {
      row.appendChild(made("b", "question-state", fill(this.words, one.state)));
    }
    const tools = made("div", "tools");
    for (const state of STEPS[one.state]) {
      const mark = (): void =>
        this.say(this.send({ t: "question_mark", question: one.question, state }) ? "" : "try_again");
      tools.appendChild(button("tool", fill(this.words, `mark_${state}`), mark));
    }
    row.appendChild(tools);
    const update = ({ votes }: QuestionEvent): void => {
      const also = votes ? ` · ${fill(this.words, "also_count", { n: votes })}` : "";
      write(who, `${one.name} · ${one.unit}${also}`);
    };
    return { element: row, update };
  }
}
