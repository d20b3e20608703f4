/** The agenda and the decisions, for all to read; who leads writes them. */
import { randomId } from "../lib/device";
import type { Command, Note } from "../lib/frames";
import { KeyedList } from "../lib/keyed";
import { byId, optional } from "../lib/page";
import type { MeetingWords } from "../lib/sentences";
import { fill } from "../lib/words";

export class Notes {
  private readonly lists: Record<Note["kind"], KeyedList<Note>>;
  private readonly form = optional<HTMLFormElement>("note-form");
  private editing = "";

  constructor(
    private readonly words: MeetingWords,
    private readonly send: (command: Command) => boolean,
  ) {
    const list = (id: string): KeyedList<Note> =>
      new KeyedList<Note>(byId(id), { key: (one) => one.id, shape: () => "", make: (one) => this.make(one) });
    this.lists = { agenda: list("agenda"), decision: list("decisions") };
    this.form?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.write();
    });
  }

  told(notes: Note[]): void {
    for (const kind of ["agenda", "decision"] as const) {
      const theirs = notes.filter((one) => one.kind === kind);
      this.lists[kind].show(theirs);
      byId(`${kind}-empty`).hidden = theirs.length > 0;
    }
  }

  close(): void {
    if (this.form) this.form.hidden = true;
  }

  private field<T extends HTMLElement>(name: string): T {
    return byId<T>(`note-${name}`);
  }

  private write(): void {
    const title = this.field<HTMLInputElement>("title");
    const text = this.field<HTMLTextAreaElement>("text");
    if (!title.value.trim()) {
      title.focus();
      return;
    }
    const kind = this.field<HTMLSelectElement>("kind").value as Note["kind"];
    const id = this.editing || randomId();
    // What did not go out stays in the form.
    if (!this.send({ t: "note", id, kind, title: title.value, text: text.value })) return;
    this.editing = "";
    title.value = "";
    text.value = "";
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
        key(fill(this.words, "drop"), () => now && this.send({ t: "note_drop", id: now.id })),
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

  private edit(one: Note): void {
    this.editing = one.id;
    this.field<HTMLSelectElement>("kind").value = one.kind;
    this.field<HTMLInputElement>("title").value = one.title;
    this.field<HTMLTextAreaElement>("text").value = one.text;
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
