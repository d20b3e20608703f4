/** The agenda and the decisions, for all to read; who leads writes them. */
import { randomId } from "../lib/device";
import type { Command, ErrorFrame, Note } from "../lib/frames";
import { KeyedList } from "../lib/keyed";
import { byId, optional } from "../lib/page";
import type { MeetingWords } from "../lib/sentences";
import { recall, remember } from "../lib/storage";
import { Sure } from "../lib/sure";
import { fill } from "../lib/words";
import { Pending } from "../room/pending";

/** What stands in the form: kept over a reload until the server has it. */
interface Draft {
  id: string;
  kind: Note["kind"];
  title: string;
  text: string;
}

export interface NotesEvents {
  send(command: Command): boolean;
  /** What was written was not taken, and stays in the form. */
  refused(error: string): void;
}

export class Notes {
  private readonly lists: Record<Note["kind"], KeyedList<Note>>;
  private readonly form = optional<HTMLFormElement>("note-form");
  private readonly pending: Pending;
  private readonly sure = new Sure();
  /** The note that is changed, or under which a new one is sent until it is stored. */
  private id = "";
  private isSaving = false;
  private drops = 0;

  constructor(
    private readonly words: MeetingWords,
    private readonly keep: string,
    private readonly events: NotesEvents,
  ) {
    this.pending = new Pending((command) => events.send(command));
    const list = (id: string): KeyedList<Note> =>
      new KeyedList<Note>(byId(id), { key: (one) => one.id, shape: () => "", make: (one) => this.make(one) });
    this.lists = { agenda: list("agenda"), decision: list("decisions") };
    this.form?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.write();
    });
    this.form?.addEventListener("input", () => remember("sessionStorage", this.keep, this.draft()));
    const kept = this.form && recall<Draft | null>("sessionStorage", this.keep, null);
    if (kept) this.fillIn(kept);
  }

  /** The line is back. */
  joined(): void {
    this.pending.resend();
  }

  stored(id: string): void {
    this.pending.stored(id);
  }

  /** Returns whether the refusal was about a note. */
  refused(frame: ErrorFrame): boolean {
    return this.pending.refused(frame);
  }

  told(notes: Note[]): void {
    for (const kind of ["agenda", "decision"] as const) {
      const theirs = notes.filter((one) => one.kind === kind);
      this.lists[kind].show(theirs);
      byId(`${kind}-empty`).hidden = theirs.length > 0;
    }
  }

  /** Whether there is anything to be written: not before who leads it is in, nor once it is over. */
  open(on: boolean): void {
    if (this.form) this.form.hidden = !on;
    for (const id of ["agenda", "decisions"]) byId(id).classList.toggle("closed", !on);
  }

  private field<T extends HTMLElement>(name: string): T {
    return byId<T>(`note-${name}`);
  }

  private draft(): Draft {
    return {
      id: this.id,
      kind: this.field<HTMLSelectElement>("kind").value as Note["kind"],
      title: this.field<HTMLInputElement>("title").value,
      text: this.field<HTMLTextAreaElement>("text").value,
    };
  }

  private fillIn({ id, kind, title, text }: Draft): void {
    this.id = id;
    this.field<HTMLSelectElement>("kind").value = kind;
    this.field<HTMLInputElement>("title").value = title;
    this.field<HTMLTextAreaElement>("text").value = text;
  }

  private write(): void {
    const { kind, title, text } = this.draft();
    if (this.isSaving) return;
    if (!title.trim()) {
      this.field("title").focus();
      return;
    }
    this.id = this.id || randomId();
    this.saving(true);
    // It stays in the form until the server has it; without a line it goes out with the next one.
    this.pending.put({ t: "note", id: this.id, kind, title, text }, (error) => this.saved(error));
  }

  private saved(error: string): void {
    this.saving(false);
    if (error) {
      this.events.refused(error);
      return;
    }
    this.fillIn({ ...this.draft(), id: "", title: "", text: "" });
    remember("sessionStorage", this.keep, null);
  }

  private saving(on: boolean): void {
    this.isSaving = on;
    for (const name of ["title", "text", "kind", "save"]) this.field<HTMLInputElement>(name).disabled = on;
  }

  private make(_: Note): { element: HTMLElement; update(one: Note): void } {
    const element = document.createElement("li");
    element.className = "note-row";
    const title = document.createElement("b");
    const text = document.createElement("p");
    element.append(title, text);
    let now: Note | null = null;
    if (this.form) {
      const row = document.createElement("div");
      row.className = "desk-row";
      row.append(
        key(fill(this.words, "edit"), () => now && this.edit(now)),
        this.dropKey(() => now),
      );
      element.append(row);
    }
    const update = (one: Note): void => {
      now = one;
      title.textContent = one.title;
      text.textContent = one.text;
    };
    return { element, update };
  }

  /** Asks once more: for everybody it is gone at once. */
  private dropKey(note: () => Note | null): HTMLButtonElement {
    this.drops += 1;
    const mine = this.drops;
    const button = key("", () => {
      const now = note();
      if (now && this.sure.tapped(mine, paint)) this.events.send({ t: "note_drop", id: now.id });
    });
    const paint = (): void => {
      button.textContent = fill(this.words, this.sure.is(mine) ? "drop_sure" : "drop");
    };
    this.sure.shown(mine, paint);
    return button;
  }

  private edit({ id, kind, title, text }: Note): void {
    if (this.isSaving) return;
    this.fillIn({ id, kind, title, text });
    this.field("title").focus();
  }
}

/** A quiet key with a text. */
export function key(text: string, tapped: () => void): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn quiet inline";
  button.textContent = text;
  button.addEventListener("click", tapped);
  return button;
}
