/** The lecture's PDFs at the desk: send one, choose one of the library, put one in another's place, take one away. */
import { csrfToken, get } from "../lib/http";
import { KeyedList, type KeyedRow } from "../lib/keyed";
import { button, made } from "../lib/made";
import { byId, write } from "../lib/page";
import type { HostSlideWords } from "../lib/sentences";
import type { Shown } from "../lib/slides";
import { Sure } from "../lib/sure";
import { fill } from "../lib/words";

export interface Deck {
  id: number;
  deck: string;
  name: string;
  state: "queued" | "running" | "ready" | "failed";
  pages: number;
  done: number;
  fault: string;
  replaces: string;
}

export interface DeckUrls {
  slides: string;
  papers: string;
  slides_remove: string;
}

interface Papers {
  papers: { id: number; title: string }[];
}

const MOST_BYTES = 50 * 2 ** 20;
const LOOK_MS = 1500;

export function isWaiting(deck: Deck): boolean {
  return deck.state === "queued" || deck.state === "running";
}

/** What stands beside a deck's name. */
export function deckSaid(words: HostSlideWords, deck: Deck, shown: Shown): string {
  if (deck.state === "failed") return deck.fault;
  const soon = deck.replaces ? ` · ${fill(words, "replacing", { name: deck.replaces })}` : "";
  if (deck.state === "queued") return fill(words, "queued") + soon;
  const { done, pages } = deck;
  if (deck.state === "running")
    return (pages ? fill(words, "running", { done, pages }) : fill(words, "starting")) + soon;
  return deck.deck === shown.deck ? fill(words, "shown") : fill(words, "ready", { pages });
}

/** A form to our server, with how much of it has gone (0–100). Resolves to "" or to what went wrong, in words. */
function post(url: string, form: FormData, failed: string, went: (percent: number) => void): Promise<string> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) went(Math.floor((event.loaded / event.total) * 100));
    };
    request.onerror = () => resolve(failed);
    request.onload = () => {
      if (request.status === 200) return resolve("");
      let said: unknown;
      try {
        said = JSON.parse(request.responseText).message;
      } catch {
        said = "";
      }
      resolve(typeof said === "string" && said ? said : failed);
    };
    request.send(form);
  });
}

export class Decks {
  all: Deck[] = [];
  url = "";
  private readonly sure = new Sure();
  private readonly rows: KeyedList<Deck>;
  private readonly file = byId<HTMLInputElement>("slides-file");
  private readonly instead = byId<HTMLInputElement>("slides-instead");
  private shown: Shown = { deck: "", page: 0, pages: 0 };
  private replaces = "";
  private timer = 0;
  private isSending = false;
  /** The note says that a deck was sent and is being drawn. */
  private isSent = false;

  constructor(
    private readonly words: HostSlideWords,
    private readonly urls: DeckUrls,
    private readonly events: { show(deck: Deck): void; changed(): void },
  ) {
    this.rows = new KeyedList<Deck>(byId("decks"), {
      key: (deck) => deck.id,
      shape: (deck) => `${deck.state} ${deck.deck === this.shown.deck}`,
      make: (deck) => this.row(deck),
    });
    for (const input of [this.file, this.instead]) {
      input.addEventListener("change", () => {
        const file = input.files?.[0];
        if (file) void this.sendFile(file, input === this.instead ? this.replaces : "");
        input.value = "";
      });
    }
    byId("papers-open").addEventListener("click", () => this.fold(!byId("papers").hidden));
    byId("papers-form").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.papers();
    });
  }

  /** What is shown has changed. */
  mark(shown: Shown): void {
    this.shown = shown;
    this.rows.show(this.all);
  }

  say(text: string): void {
    this.isSent = false;
    write(byId("slides-note"), text);
  }

  async look(): Promise<void> {
    window.clearTimeout(this.timer);
    try {
      const { decks, url } = await get<{ decks: Deck[]; url: string }>(this.urls.slides);
      this.all = decks;
      this.url = url;
      this.rows.show(decks);
      // Each row says by now how it came out.
      if (this.isSent && !decks.some(isWaiting)) this.say("");
      this.events.changed();
    } catch {
      // What waits is looked at again below; else the next change asks.
    }
    if (this.all.some(isWaiting)) this.timer = window.setTimeout(() => void this.look(), LOOK_MS);
  }

  private async sendFile(file: File, replaces: string): Promise<void> {
    if (file.size > MOST_BYTES) return this.say(fill(this.words, "too_large"));
    const form = new FormData();
    form.append("file", file);
    form.append("replaces", replaces);
    await this.add(form);
  }

  private async add(form: FormData): Promise<void> {
    if (this.isSending) return;
    this.isSending = true;
    byId("slides-new").hidden = true;
    const refusal = await post(this.urls.slides, form, fill(this.words, "not_sent"), (percent) =>
      this.say(fill(this.words, "sending", { percent })),
    );
    this.isSending = false;
    byId("slides-new").hidden = false;
    this.say(refusal || fill(this.words, "sent"));
    this.isSent = !refusal;
    if (!refusal) this.fold(true);
    await this.look();
  }

  private async remove(deck: Deck): Promise<void> {
    const form = new FormData();
    form.append("deck", deck.deck);
    this.say(await post(this.urls.slides_remove, form, fill(this.words, "try_again"), () => undefined));
    await this.look();
  }

  private fold(on: boolean): void {
    byId("papers").hidden = on;
    byId("papers-open").setAttribute("aria-expanded", String(!on));
    if (!on) void this.papers();
  }

  private async papers(): Promise<void> {
    const asked = byId<HTMLInputElement>("papers-search").value.trim();
    const list = byId("papers-list");
    try {
      const { papers } = await get<Papers>(`${this.urls.papers}?q=${encodeURIComponent(asked)}`);
      list.textContent = papers.length ? "" : fill(this.words, "no_papers");
      for (const { id, title } of papers) {
        const choose = button("tool", fill(this.words, "choose"), () => {
          const form = new FormData();
          form.append("document", String(id));
          void this.add(form);
        });
        list.appendChild(line(title, "", [choose]).element);
      }
    } catch {
      this.say(fill(this.words, "try_again"));
    }
  }

  private row(deck: Deck): KeyedRow<Deck> {
    let now = deck;
    const tools: HTMLElement[] = [];
    const isShown = deck.deck === this.shown.deck;
    if (deck.state === "ready") {
      if (!isShown) tools.push(button("tool", fill(this.words, "show"), () => this.events.show(now)));
      tools.push(
        button("tool", fill(this.words, "replace"), () => {
          this.replaces = now.deck;
          this.instead.click();
        }),
      );
    }
    const drop = button("tool", "", () => {
      if (this.sure.tapped(deck.id, paint)) void this.remove(now);
    });
    const paint = (): void => write(drop, fill(this.words, this.sure.is(deck.id) ? "remove_sure" : "remove"));
    this.sure.shown(deck.id, paint);
    const { element, said } = line(deck.name, "", [...tools, drop]);
    return {
      element,
      update: (one) => {
        now = one;
        write(said, deckSaid(this.words, one, this.shown));
      },
    };
  }
}

function line(title: string, text: string, tools: HTMLElement[]): { element: HTMLElement; said: HTMLElement } {
  const element = made("li", "row hand-row");
  const main = made("span", "main");
  const said = made("span", "sub", text);
  const box = made("span", "tools");
  main.append(made("b", "", title), " ", said);
  box.append(...tools);
  element.append(main, box);
  return { element, said };
}
