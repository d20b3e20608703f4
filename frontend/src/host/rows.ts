/** Lines of people with buttons beside them, and what can be done to anybody. */
import type { Command } from "../lib/frames";
import type { HostWords } from "../lib/sentences";
import { fill } from "../lib/words";

const SURE_MS = 6000;

export interface Person {
  member: number;
  name: string;
}

export type PersonTools = (person: Person) => HTMLButtonElement[];

export function row(text: string, buttons: HTMLButtonElement[]): HTMLElement {
  const made = document.createElement("li");
  made.className = "row hand-row";
  const words = document.createElement("span");
  words.className = "main";
  words.textContent = text;
  const tools = document.createElement("span");
  tools.className = "tools";
  tools.append(...buttons);
  made.append(words, tools);
  return made;
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
export function personTools(words: HostWords, send: (command: Command) => boolean): PersonTools {
  return ({ member, name }) => [
    tool(words, "mute", () => send({ t: "mute", member, on: true })),
    tool(words, "remove", (button) => {
      if (button.dataset.sure) {
        send({ t: "remove", member, on: true });
        return;
      }
      button.dataset.sure = "1";
      button.textContent = fill(words, "confirm_remove", { name });
      window.setTimeout(() => {
        delete button.dataset.sure;
        button.textContent = fill(words, "remove");
      }, SURE_MS);
    }),
  ];
}
