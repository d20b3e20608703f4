/** All that a host asks and is asked besides the chat: polls, questions, the notice, reactions. */
import type { Command, ErrorFrame, RoomEvent, ServerFrame } from "../lib/frames";
import { byId, write } from "../lib/page";
import type { HostAskWords } from "../lib/sentences";
import { fill } from "../lib/words";
import type { AskingState } from "../room/asked";
import { Pending } from "../room/pending";
import { showReactions } from "../room/reactions";
import { HostNotice } from "./notice";
import { HostPolls, POLL_REFUSALS } from "./polls";
import { HostQuestions } from "./questions";

/** Several changes of one moment are one look. */
const LOOK_MS = 300;

export class HostAsking {
  private readonly pending: Pending;
  private readonly polls: HostPolls;
  private readonly questions: HostQuestions;
  private readonly notice: HostNotice;
  private timer = 0;

  constructor(
    private readonly words: HostAskWords,
    send: (command: Command) => boolean,
    private readonly refresh: () => void,
  ) {
    this.pending = new Pending(send);
    this.polls = new HostPolls(words, this.pending, send, () => this.look());
    this.questions = new HostQuestions(words, send);
    this.notice = new HostNotice(words, send);
  }

  told(state: AskingState): void {
    this.polls.told(state.polls ?? []);
    this.questions.told(state.questions);
    this.notice.told(state.notice);
  }

  /** Only changes are told later: what was said before the line broke may not hold any more. */
  joined(unclear: number): void {
    this.unclear(unclear);
    this.pending.resend();
  }

  frame(frame: ServerFrame): void {
    if (frame.t === "stored") this.pending.stored(frame.id);
  }

  /** Returns whether it was about what is asked. */
  refused(frame: ErrorFrame): boolean {
    if (this.pending.refused(frame)) return true;
    const word = frame.t ?? "";
    if (word === "pin") this.notice.refused(frame.error);
    else if (word === "question_mark") this.questions.say(frame.error === "gone" ? "gone" : "try_again");
    else if (word.startsWith("poll_")) this.polls.say(POLL_REFUSALS[frame.error] ?? "try_again");
    else return false;
    if (frame.error === "gone" || frame.error === "state") this.look();
    return true;
  }

  /** Returns whether it was about what is asked. */
  event(event: RoomEvent): boolean {
    if (event.t === "poll" || event.t === "polls") this.look();
    else if (event.t === "tally") this.polls.tally(event);
    else if (event.t === "question") this.questions.question(event);
    else if (event.t === "votes") this.questions.votes(event);
    else if (event.t === "marked") this.questions.marked(event);
    else if (event.t === "pinned") this.notice.told(event.text, true);
    else if (event.t === "reactions") showReactions(event, this.words);
    else if (event.t === "unclear") this.unclear(event.people);
    else return false;
    return true;
  }

  private unclear(people: number): void {
    byId("unclear").hidden = people === 0;
    write(byId("unclear"), people ? fill(this.words, "unclear", { n: people }) : "");
  }

  private look(): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(this.refresh, LOOK_MS);
  }
}
