/** What hosts set for the whole room: whether members may speak, and whether anybody new is let in. */
import type { Command } from "../lib/frames";
import { byId, write } from "../lib/page";
import type { HostWords } from "../lib/sentences";
import { fill } from "../lib/words";

export class Control {
  private chat = true;
  private locked = false;

  constructor(
    private readonly words: HostWords,
    press: (command: Command) => void,
  ) {
    byId("chat-switch").addEventListener("click", () => press({ t: "open_chat", on: !this.chat }));
    byId("lock-switch").addEventListener("click", () => press({ t: "lock", on: !this.locked }));
  }

  set(chat: boolean, locked: boolean): void {
    this.chat = chat;
    this.locked = locked;
    byId("chat-switch").textContent = fill(this.words, chat ? "chat_close" : "chat_reopen");
    byId("lock-switch").textContent = fill(this.words, locked ? "unlock" : "lock");
    const notes = [chat ? "" : fill(this.words, "chat_is_off"), locked ? fill(this.words, "is_locked") : ""];
    const said = notes.filter(Boolean).join(" ");
    write(byId("room-set"), said);
    byId("room-set").hidden = !said;
  }
}
