/** Lines of people with buttons beside them, and what can be done to anybody. */
import type { Command } from "../lib/frames";
import type { HostWords } from "../lib/sentences";
import { Sure } from "../lib/sure";
import { fill } from "../lib/words";

export interface Person {
  member: number;
  name: string;
}

export type PersonTools = (person: Person) => HTMLButtonElement[];

/** A line, and the part of it that holds the words. */
export function row(text: string, buttons: HTMLButtonElement[]): { element: HTMLElement; text: HTMLElement } {
  const made = document.createElement("li");
  made.className = "row hand-row";
  const words = document.createElement("span");
  words.className = "main";
  words.textContent = text;
  const tools = document.createElement("span");
  tools.className = "tools";
  tools.append(...buttons);
  made.append(words, tools);
  return { element: made, text: words };
}

/** Sentences, one a line; what stands there already stays. */
export function showNotes(list: HTMLElement, notes: string[]): void {
  if (list.children.length === notes.length && notes.every((note, n) => list.children[n]?.textContent === note)) return;
  list.textContent = "";
  for (const note of notes) list.appendChild(document.createElement("li")).textContent = note;
}

export function tool(
  words: HostWords,
  word: keyof HostWords,
  act: (button: HTMLButtonElement) => unknown,
): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "tool";
  button.textContent = fill(words, word);
  button.addEventListener("click", () => act(button));
  return button;
}

/** Mute somebody, or ask them out: the same in the chat, beside a hand and in the list of who is in. */
export function personTools(words: HostWords, press: (command: Command) => void): PersonTools {
  const sure = new Sure();
  return ({ member, name }) => {
    const remove = tool(words, "remove", () => {
      if (sure.tapped(member, paint)) press({ t: "remove", member, on: true });
    });
    const paint = (): void => {
      remove.textContent = fill(words, sure.is(member) ? "confirm_remove" : "remove", { name });
    };
    sure.shown(member, paint);
    return [tool(words, "mute", () => press({ t: "mute", member, on: true })), remove];
  };
}
