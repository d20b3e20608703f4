/** All that is said, below the player: listed when it is opened, searched while one types, and a tap leads there. */
import { clock } from "../lib/clock";
import { byId, optional, write } from "../lib/page";
import type { PlayerWords } from "../lib/sentences";
import { chapterAt } from "../lib/slides";
import { fill } from "../lib/words";
import type { Captions } from "./captions";
import { PAGE, pageOf, type Said, WordIndex } from "./words";

export class Transcript {
  private readonly find = byId<HTMLInputElement>("transcript-find");
  private readonly list = byId("transcript-list");
  private readonly count = byId("transcript-count");
  private readonly back = byId<HTMLButtonElement>("transcript-back");
  private readonly next = byId<HTMLButtonElement>("transcript-next");
  private said: Said[] = [];
  private starts: number[] = [];
  private index = new WordIndex([]);
  private found: number[] = [];
  private page = 0;
  private rows: HTMLButtonElement[] = [];
  private marked: HTMLButtonElement | null = null;

  private constructor(
    private readonly box: HTMLDetailsElement,
    private readonly words: PlayerWords,
    captions: Captions,
    private readonly position: () => number,
    private readonly goTo: (ms: number) => void,
  ) {
    box.hidden = false;
    box.addEventListener("toggle", () => {
      if (!box.open) return;
      if (!this.said.length) write(this.count, fill(words, "loading"));
      captions.read(
        (said) => this.told(said),
        () => write(this.count, fill(words, "transcript_failed")),
      );
    });
    this.find.addEventListener("input", (event) => {
      // What is still being spelled is no word yet.
      if (!(event as InputEvent).isComposing) this.search();
    });
    this.find.addEventListener("compositionend", () => this.search());
    this.back.addEventListener("click", () => this.turn(-1));
    this.next.addEventListener("click", () => this.turn(1));
  }

  /** Null where the media has no captions. */
  static of(
    words: PlayerWords,
    captions: Captions | null,
    position: () => number,
    goTo: (ms: number) => void,
  ): Transcript | null {
    const box = optional<HTMLDetailsElement>("transcript");
    return box && captions ? new Transcript(box, words, captions, position, goTo) : null;
  }

  /** Mark what is said now. */
  draw(position: number): void {
    if (!this.box.open || !this.rows.length) return;
    const now = chapterAt(this.starts, position);
    const row = this.rows[this.found.indexOf(now) - this.page * PAGE] ?? null;
    if (row === this.marked) return;
    this.marked?.removeAttribute("aria-current");
    row?.setAttribute("aria-current", "true");
    this.marked = row;
  }

  private told(said: Said[]): void {
    this.said = said;
    this.starts = said.map(({ start }) => start);
    this.index = new WordIndex(said);
    this.search();
  }

  private search(): void {
    this.found = this.index.find(this.find.value);
    this.page = this.find.value ? 0 : pageOf(this.found, chapterAt(this.starts, this.position()));
    this.show();
  }

  private turn(by: number): void {
    this.page += by;
    this.show();
    this.box.scrollIntoView({ block: "start" });
  }

  private show(): void {
    const { found, page } = this;
    const pages = Math.ceil(found.length / PAGE);
    const query = this.find.value.trim();
    const some = query
      ? fill(this.words, found.length ? "transcript_found" : "transcript_none", { n: found.length, words: query })
      : "";
    const place = pages > 1 ? fill(this.words, "transcript_page", { page: page + 1, pages }) : "";
    write(this.count, [some, place].filter(Boolean).join(" · "));
    byId("transcript-pages").hidden = pages < 2;
    this.back.disabled = page === 0;
    this.next.disabled = page + 1 >= pages;
    this.list.textContent = "";
    this.rows = found.slice(page * PAGE, (page + 1) * PAGE).map((each) => this.row(this.said[each] as Said, query));
    this.marked = null;
    this.draw(this.position());
  }

  private row({ start, text }: Said, query: string): HTMLButtonElement {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "chapter";
    const time = document.createElement("span");
    time.className = "time";
    time.textContent = clock(start);
    const words = document.createElement("span");
    const at = query ? text.toLowerCase().indexOf(query.toLowerCase()) : -1;
    if (at < 0) {
      words.textContent = text;
    } else {
      const mark = document.createElement("mark");
      mark.textContent = text.slice(at, at + query.length);
      words.appendChild(document.createTextNode(text.slice(0, at)));
      words.appendChild(mark);
      words.appendChild(document.createTextNode(text.slice(at + query.length)));
    }
    button.appendChild(time);
    button.appendChild(words);
    button.addEventListener("click", () => this.goTo(start));
    const item = document.createElement("li");
    item.appendChild(button);
    this.list.appendChild(item);
    return button;
  }
}
