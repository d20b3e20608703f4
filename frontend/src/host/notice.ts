/** The notice above the talk, as a host writes it and takes it off. */
import type { Command } from "../lib/frames";
import { byId, write } from "../lib/page";
import type { HostAskWords } from "../lib/sentences";
import { fill } from "../lib/words";
import { showNotice, startNotice } from "../room/notice";

const MOST = 200;

export class HostNotice {
  private readonly input = byId<HTMLTextAreaElement>("notice-new");

  constructor(
    private readonly words: HostAskWords,
    private readonly send: (command: Command) => boolean,
  ) {
    startNotice();
    byId("notice-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.input.value.trim();
      if (Array.from(text).length > MOST) this.say("too_long_notice");
      else if (text) this.pin(text);
      else this.say("empty");
    });
    byId("notice-off").addEventListener("click", () => this.pin(""));
  }

  /** What is pinned now; `isNews`: a host did that in this moment. */
  told(text: string, isNews = false): void {
    showNotice(text);
    byId("notice-off").hidden = !text;
    if (isNews) {
      if (text === this.input.value.trim().replace(/\s+/g, " ")) this.input.value = "";
      this.say(text ? "notice_set" : "notice_off");
    }
  }

  refused(error: string): void {
    this.say(error === "too_long" ? "too_long_notice" : error === "closed" ? "closed" : "try_again");
  }

  private pin(text: string): void {
    if (!this.send({ t: "pin", text })) this.say("try_again");
  }

  private say(word: keyof HostAskWords): void {
    write(byId("notice-note"), fill(this.words, word));
  }
}
