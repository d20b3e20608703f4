/** Polls of a rehearsal: written, opened, answered by the simulated, closed, shown; refused for the server's reasons. */
import type { Command, PollEvent } from "../lib/frames";
import type { HostPoll } from "../room/asked";

/** Of a hundred, how many answer in the end; and how many of those that are in answer in a second. */
const ANSWERS = 0.85;
const A_SECOND = 0.08;

export type PollCommand = Extract<Command, { t: "poll_save" | "poll_drop" | "poll_open" | "poll_close" | "poll_show" }>;

const POLL_WORDS = ["poll_save", "poll_drop", "poll_open", "poll_close", "poll_show"];

export function isOfPolls(command: Command): command is PollCommand {
  return POLL_WORDS.indexOf(command.t) >= 0;
}

export class RehearsedPolls {
  readonly all: HostPoll[] = [];
  private last = 0;
  private answered = 0;

  /** Returns what is refused, and why; "" where it was done. */
  take(command: PollCommand): string {
    if (command.t === "poll_save") return this.save(command);
    const poll = this.all.find((one) => one.poll === command.poll);
    if (!poll) return "gone";
    if (command.t === "poll_drop") this.all.splice(this.all.indexOf(poll), 1);
    else if (command.t === "poll_open") {
      if (poll.state === "closed") return "closed";
      if (this.all.some((one) => one.state === "open" && one !== poll)) return "other_open";
      if (poll.state === "prepared") this.answered = 0;
      poll.state = "open";
    } else if (command.t === "poll_close") poll.state = "closed";
    else if (command.t === "poll_show") poll.shown = command.on;
    return "";
  }

  /** What the audience would see of it. */
  event(id: number): PollEvent | null {
    const found = this.all.find((one) => one.poll === id);
    if (!found) return null;
    const { poll, quiz, text, options, counts, right, shown, state } = found;
    return { t: "poll", poll, quiz, text, options, open: state === "open", counts, right: shown ? right : [] };
  }

  /** A second of answering by `people`; returns the poll that somebody answered, if any. */
  second(people: number, chance: () => number): HostPoll | null {
    const poll = this.all.find((one) => one.state === "open");
    const left = Math.min(Math.floor(people * ANSWERS) - this.answered, Math.ceil(people * A_SECOND));
    if (!poll || left <= 0) return null;
    for (let nth = 0; nth < left; nth += 1) {
      // Most see what is right, and the first option is the most popular.
      const guess = Math.floor(chance() * chance() * poll.options.length);
      const choice = poll.quiz && chance() < 0.6 ? (poll.right[0] ?? guess) : guess;
      poll.counts[choice] = (poll.counts[choice] ?? 0) + 1;
    }
    this.answered += left;
    return poll;
  }

  private save({ poll, quiz, text, options, right }: Extract<Command, { t: "poll_save" }>): string {
    const draft = {
      quiz,
      text,
      options,
      right,
      state: "prepared" as const,
      counts: options.map(() => 0),
      shown: false,
    };
    const place = this.all.findIndex((one) => one.poll === poll);
    if (!poll) {
      this.last += 1;
      this.all.push({ poll: this.last, ...draft });
    } else if (place < 0) return "gone";
    else if (this.all[place]?.state !== "prepared") return "opened";
    else this.all[place] = { poll, ...draft };
    return "";
  }

  /** What was saved last got this number. */
  get newest(): number {
    return this.last;
  }
}
