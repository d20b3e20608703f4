/** All that is asked in the member's room besides the chat: poll, questions, notice, reactions. */
import type { Command, ErrorFrame, RoomEvent, ServerFrame } from "../lib/frames";
import type { AskWords } from "../lib/sentences";
import type { AskingState } from "./asked";
import { showNotice, startNotice } from "./notice";
import { Pending } from "./pending";
import { Polls } from "./polls";
import { Questions } from "./questions";
import { Reactions, showReactions } from "./reactions";

export class Asking {
  private readonly pending: Pending;
  private readonly polls: Polls;
  private readonly questions: Questions;
  private readonly reactions: Reactions;
  private isOpen = true;
  /** Hosts closed the chat for all members: nobody asks meanwhile. */
  private isOff = false;

  constructor(
    private readonly words: AskWords,
    you: number,
    keep: string,
    send: (command: Command) => boolean,
  ) {
    this.pending = new Pending(send);
    startNotice();
    this.polls = new Polls(words, keep, this.pending);
    this.questions = new Questions(words, you, keep, this.pending);
    this.reactions = new Reactions(words, send);
  }

  /** What the server says stands, with the page and after a gap. */
  told(state: AskingState): void {
    this.polls.told(state.poll, state.choice);
    this.questions.told(state.questions, state.voted);
    showNotice(state.notice);
  }

  joined(): void {
    this.pending.resend();
  }

  frame(frame: ServerFrame): void {
    if (frame.t === "stored") this.pending.stored(frame.id);
    else if (frame.t === "answered") {
      this.pending.stored(frame.id);
      this.polls.answered(frame);
    }
  }

  refused(frame: ErrorFrame): void {
    if (!this.pending.refused(frame) && frame.t === "react") this.reactions.refused(frame.error);
  }

  /** Hosts closed the chat for all members, or opened it: the page says so once. */
  allow(on: boolean): void {
    if (this.isOff === !on) return;
    this.isOff = !on;
    this.questions.allow(on);
    this.questions.close(!this.isOpen || this.isOff);
  }

  /** Returns whether it was about what is asked alone. */
  event(event: RoomEvent): boolean {
    if (event.t === "room") this.allow(event.chat);
    if (event.t === "poll") this.polls.told(event);
    else if (event.t === "question") this.questions.question(event);
    else if (event.t === "votes") this.questions.votes(event);
    else if (event.t === "marked") this.questions.marked(event);
    else if (event.t === "pinned") showNotice(event.text);
    else if (event.t === "reactions") showReactions(event, this.words);
    else return event.t === "tally" || event.t === "polls" || event.t === "unclear";
    return true;
  }

  show(live: boolean, isOpen: boolean): void {
    this.reactions.show(live);
    this.questions.answers(live);
    this.isOpen = isOpen;
    this.questions.close(!isOpen || this.isOff);
  }

  clear(): void {
    this.questions.clear();
    this.polls.told(null, null);
    showNotice("");
  }
}
