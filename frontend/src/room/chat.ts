/**
 * The chat: lines as text nodes (never HTML), what one says oneself shown at once and resent with the same id until the
 * server has stored it, a list that stays where the reader reads.
 */
import { randomId } from "../lib/device";
import type { ChatEvent, Command, ErrorFrame } from "../lib/frames";
import { byId } from "../lib/page";
import type { TalkWords } from "../lib/sentences";
import { recall, remember } from "../lib/storage";
import { fill, oneOf } from "../lib/words";

const KEPT_LINES = 300;
const NEAR_END = 80;
const RESEND_MS = 4000;
/** What the server may refuse for good, and has a sentence of its own. */
const REFUSALS = ["empty", "too_long", "closed", "chat_off"] as const;

export interface ChatOptions {
  you: number;
  /** Whose lines as a host are the lecturer's; a meeting has none. */
  lecturer?: number;
  /** Under this name what is typed and what is not yet sent waits while the page is reloaded. */
  keep: string;
  words: TalkWords;
  send(command: Command): boolean;
  /** Adds a host's tools to a line. */
  decorate?(line: HTMLElement, message: ChatEvent): void;
}

interface Kept {
  id: string;
  text: string;
}

interface Pending extends Kept {
  line: HTMLElement;
  timer: number;
}

export class Chat {
  private readonly list = byId("chat");
  private readonly form = byId<HTMLFormElement>("say");
  private readonly input = byId<HTMLInputElement>("say-text");
  private readonly note = byId("say-note");
  private readonly more = byId<HTMLButtonElement>("chat-more");
  private readonly lines = new Map<number, HTMLElement>();
  private readonly pending = new Map<string, Pending>();
  private atEnd = true;
  private muted = false;
  private isOff = false;
  private closed = false;

  constructor(private readonly options: ChatOptions) {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.more.addEventListener("click", () => this.toEnd());
    this.list.addEventListener("scroll", () => {
      this.atEnd = this.nearEnd();
      if (this.atEnd) this.more.hidden = true;
    });
    // The keyboard opens, the phone turns: whoever read the newest line goes on reading it.
    window.addEventListener("resize", () => {
      if (this.atEnd) window.requestAnimationFrame(() => this.toEnd());
    });
    this.input.addEventListener("input", () => this.keepTyped());
    this.input.value = recall("sessionStorage", this.typedKey(), "") || this.input.value;
    for (const { id, text } of recall<Kept[]>("sessionStorage", this.options.keep, [])) this.wait(id, text);
    this.empty();
  }

  add(message: ChatEvent): void {
    if (this.lines.has(message.message)) return;
    const follow = this.nearEnd();
    const line = this.draw(message.name, message.unit, message.text, message.host, message.member);
    this.lines.set(message.message, line);
    this.place(line, message.message);
    this.options.decorate?.(line, message);
    this.trim();
    if (follow) this.toEnd();
    else this.more.hidden = false;
    this.empty();
  }

  addAll(messages: ChatEvent[]): void {
    for (const message of messages) this.add(message);
  }

  hide(message: number): void {
    this.lines.get(message)?.remove();
    this.lines.delete(message);
    this.empty();
  }

  leftOut(count: number): void {
    const line = document.createElement("li");
    line.className = "msg sub center";
    line.textContent = fill(this.options.words, "left_out", { n: count });
    const follow = this.nearEnd();
    this.list.appendChild(line);
    if (follow) this.toEnd();
  }

  acknowledged(id: string, message: number): void {
    const waiting = this.pending.get(id);
    if (!waiting) return;
    this.forget(waiting);
    if (this.lines.has(message)) return;
    // Shown from the acknowledgement, should the tick with it be a sample without it.
    this.add({
      t: "chat",
      message,
      member: this.options.you,
      name: this.options.words.me,
      unit: "",
      text: waiting.text,
      at: 0,
      host: false,
    });
  }

  /** Returns whether the refusal was about a message of ours. */
  refused(frame: ErrorFrame): boolean {
    const waiting = frame.id ? this.pending.get(frame.id) : undefined;
    if (frame.t !== "chat" || !waiting) return false;
    if (frame.error === "try_again" || frame.error === "slow_down") {
      this.say("waiting_turn");
      window.clearTimeout(waiting.timer);
      waiting.timer = window.setTimeout(() => this.send(waiting), RESEND_MS);
      return true;
    }
    this.forget(waiting);
    if (!this.input.value) this.input.value = waiting.text;
    this.keepTyped();
    this.say(frame.error === "muted" ? "muted_chat" : (oneOf(REFUSALS, frame.error) ?? "try_again"));
    return true;
  }

  /** The line is back: what was never acknowledged goes again, with its id, the oldest first. */
  resend(): void {
    this.next();
  }

  mute(on: boolean): void {
    this.muted = on;
    this.mayTalk();
  }

  /** Hosts closed the chat for all members, or opened it. */
  allow(on: boolean): void {
    this.isOff = !on;
    this.mayTalk();
  }

  close(): void {
    this.closed = true;
    this.input.disabled = true;
    byId<HTMLButtonElement>("say-send").disabled = true;
  }

  /** The end was undone. */
  open(): void {
    this.closed = false;
    this.mayTalk();
    byId<HTMLButtonElement>("say-send").disabled = false;
  }

  private mayTalk(): void {
    this.input.disabled = this.muted || this.isOff || this.closed;
    this.say(this.muted ? "muted_chat" : this.isOff ? "chat_off" : "");
  }

  clear(): void {
    for (const waiting of Array.from(this.pending.values())) window.clearTimeout(waiting.timer);
    this.pending.clear();
    this.keep();
    this.input.value = "";
    this.keepTyped();
    this.lines.clear();
    this.list.textContent = "";
    this.empty();
  }

  private submit(): void {
    const text = this.input.value.trim();
    if (!text) return;
    if (Array.from(text).length > 500) {
      this.say("too_long");
      return;
    }
    this.input.value = "";
    this.keepTyped();
    const first = this.pending.size === 0;
    this.wait(randomId(), text);
    this.keep();
    this.toEnd();
    this.empty();
    if (!first) return;
    this.say("");
    this.next();
  }

  private wait(id: string, text: string): void {
    const line = this.draw(this.options.words.me, "", text, false, this.options.you);
    line.classList.add("waiting");
    this.list.appendChild(line);
    this.pending.set(id, { id, text, line, timer: 0 });
  }

  /** One at a time, in the order in which they were said: a later sentence never overtakes an earlier one. */
  private next(): void {
    const oldest = this.pending.values().next();
    if (!oldest.done) this.send(oldest.value);
  }

  private send(waiting: Pending): void {
    window.clearTimeout(waiting.timer);
    const sent = this.options.send({ t: "chat", id: waiting.id, text: waiting.text });
    if (!sent) this.say("not_sent");
    else waiting.timer = window.setTimeout(() => this.send(waiting), RESEND_MS * 2);
  }

  /** What still waits, over a reload of this page; the server counts an id once. */
  private keep(): void {
    const rows = Array.from(this.pending.values(), ({ id, text }): Kept => ({ id, text }));
    remember("sessionStorage", this.options.keep, rows.length ? rows : null);
  }

  private keepTyped(): void {
    remember("sessionStorage", this.typedKey(), this.input.value || null);
  }

  private typedKey(): string {
    return `${this.options.keep}-typed`;
  }

  private forget(waiting: Pending): void {
    window.clearTimeout(waiting.timer);
    waiting.line.remove();
    this.pending.delete(waiting.id);
    this.keep();
    if (this.pending.size === 0) this.say("");
    else this.next();
  }

  private say(key: keyof TalkWords | ""): void {
    this.note.textContent = key ? fill(this.options.words, key) : "";
    this.note.hidden = !key;
  }

  private draw(name: string, unit: string, text: string, host: boolean, member: number): HTMLElement {
    const line = document.createElement("li");
    // One's own line is the same when it is sent, when it comes back, and after a reload.
    const mine = member === this.options.you;
    line.className = mine ? "msg mine" : host ? "msg from-host" : "msg";
    const who = document.createElement("b");
    const { words, lecturer } = this.options;
    const of = host ? (member === lecturer ? words.lecturer : words.leads) : unit;
    who.textContent = mine ? this.options.words.me : of ? `${name} · ${of}` : name;
    const said = document.createElement("span");
    said.textContent = text;
    line.append(who, said);
    return line;
  }

  /** In the order of their numbers, before what is still being sent. */
  private place(line: HTMLElement, message: number): void {
    line.dataset.message = String(message);
    let after: HTMLElement | null = null;
    for (
      let one = this.list.lastElementChild as HTMLElement | null;
      one;
      one = one.previousElementSibling as HTMLElement
    ) {
      const number = Number(one.dataset.message ?? 0);
      if (number && number < message) {
        after = one;
        break;
      }
    }
    const waiting = this.list.querySelector(".waiting");
    if (after) this.list.insertBefore(line, after.nextSibling);
    else this.list.insertBefore(line, this.lines.size > 1 ? this.list.firstChild : waiting);
  }

  private trim(): void {
    while (this.lines.size > KEPT_LINES) {
      const oldest = Math.min(...Array.from(this.lines.keys()));
      this.lines.get(oldest)?.remove();
      this.lines.delete(oldest);
    }
  }

  private nearEnd(): boolean {
    return this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < NEAR_END;
  }

  private toEnd(): void {
    this.list.scrollTop = this.list.scrollHeight;
    this.more.hidden = true;
  }

  private empty(): void {
    byId("chat-empty").hidden = this.lines.size > 0 || this.pending.size > 0;
  }
}
