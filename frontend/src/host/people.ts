/** Leading the talk: hands, who is muted or was removed, and the tools beside each line of the chat. */
import type { ChatEvent, Command, HandEvent } from "../lib/frames";
import { byId } from "../lib/page";
import type { HostWords } from "../lib/sentences";
import { fill } from "../lib/words";
import type { Restricted } from "./page";

const SURE_MS = 6000;

export class People {
  private readonly hands = new Map<number, HandEvent>();
  private count = 0;

  constructor(
    private readonly words: HostWords,
    private readonly you: number,
    private readonly send: (command: Command) => boolean,
  ) {
    this.drawHands();
  }

  present(count: number): void {
    this.count = count;
    byId("people-count").textContent = fill(this.words, "people_say", { n: count });
    this.showTab();
  }

  hand(event: HandEvent): void {
    if (event.up) this.hands.set(event.member, event);
    else this.hands.delete(event.member);
    this.drawHands();
  }

  restricted(rows: Restricted[]): void {
    const list = byId("held");
    list.textContent = "";
    for (const one of rows) {
      const muted = one.kind === "muted";
      const lift = this.tool(muted ? "unmute" : "let_in", () =>
        this.send({ t: muted ? "mute" : "remove", member: one.member, on: false }),
      );
      list.appendChild(row(`${one.name} · ${fill(this.words, muted ? "muted" : "removed")}`, lift));
    }
    byId("held-empty").hidden = rows.length > 0;
  }

  /** Put the tools beside a line of the chat; a host can be neither muted nor removed. */
  tools(line: HTMLElement, message: ChatEvent): void {
    const box = document.createElement("span");
    box.className = "tools";
    box.appendChild(this.tool("hide", () => this.send({ t: "hide_message", message: message.message })));
    if (message.member !== this.you && !message.host) {
      const mute = (): boolean => this.send({ t: "mute", member: message.member, on: true });
      box.appendChild(this.tool("mute", mute));
      box.appendChild(this.tool("remove", (button) => this.confirmRemove(button, message)));
    }
    line.appendChild(box);
  }

  private confirmRemove(button: HTMLButtonElement, message: ChatEvent): void {
    if (button.dataset.sure) {
      this.send({ t: "remove", member: message.member, on: true });
      return;
    }
    button.dataset.sure = "1";
    button.textContent = fill(this.words, "confirm_remove", { name: message.name });
    window.setTimeout(() => {
      delete button.dataset.sure;
      button.textContent = fill(this.words, "remove");
    }, SURE_MS);
  }

  private tool(word: keyof HostWords, act: (button: HTMLButtonElement) => unknown): HTMLButtonElement {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "tool";
    button.textContent = fill(this.words, word);
    button.addEventListener("click", () => act(button));
    return button;
  }

  private drawHands(): void {
    const list = byId("hands");
    list.textContent = "";
    for (const hand of Array.from(this.hands.values())) {
      const lower = this.tool("lower", () => this.send({ t: "lower", member: hand.member }));
      list.appendChild(row(`${hand.name} · ${hand.unit}`, lower));
    }
    byId("hands-empty").hidden = this.hands.size > 0;
    this.showTab();
  }

  private showTab(): void {
    const hands = this.hands.size ? ` · ${fill(this.words, "hands_tab", { n: this.hands.size })}` : "";
    byId("people-tab").textContent = fill(this.words, "people", { n: this.count }) + hands;
  }
}

function row(text: string, button: HTMLButtonElement): HTMLElement {
  const made = document.createElement("li");
  made.className = "row";
  const words = document.createElement("span");
  words.className = "grow";
  words.textContent = text;
  made.append(words, button);
  return made;
}
