/** Slides at the desk: what everybody sees, the page before and after, the thumbnails, the keys of a computer. */
import type { Command, ErrorFrame } from "../lib/frames";
import { button } from "../lib/made";
import { byId, write } from "../lib/page";
import type { HostSlideWords, SlideWords } from "../lib/sentences";
import { keyTurns, pageAddress, type Shown, THUMB, turned } from "../lib/slides";
import { SlideView } from "../lib/slideview";
import { fill } from "../lib/words";
import { type Deck, Decks, type DeckUrls } from "./decks";

const NONE: Shown = { deck: "", page: 0, pages: 0 };
const REFUSALS: Record<string, keyof HostSlideWords> = {
  state: "state",
  slides_gone: "slides_gone",
  slide_page: "slide_page",
};

export class HostSlides {
  private readonly decks: Decks;
  private readonly view: SlideView;
  private now: Shown = NONE;
  /** Which deck the strip shows. */
  private drawn = "";
  private isOpen = true;

  constructor(
    private readonly words: HostSlideWords & SlideWords,
    urls: DeckUrls,
    url: string,
    private readonly send: (command: Command) => boolean,
  ) {
    this.decks = new Decks(words, urls, { show: (deck) => this.begin(deck), changed: () => this.draw() });
    this.decks.url = url;
    const parts = { box: byId("slide"), picture: byId<HTMLImageElement>("slide-page"), lost: byId("slide-lost") };
    this.view = new SlideView(words, url, parts, async () => {
      await this.decks.look();
      return this.decks.url;
    });
    byId("slides-before").addEventListener("click", () => this.turn(-1));
    byId("slides-after").addEventListener("click", () => this.turn(1));
    byId("slides-hide").addEventListener("click", () => this.command({ t: "hide_slides" }));
    document.addEventListener("keydown", (event) => this.key(event));
  }

  start(shown: Shown): void {
    this.told(shown);
    void this.decks.look();
  }

  /** What everybody sees; a server of before the last upgrade does not say it. */
  told(shown: Shown | undefined): void {
    this.now = shown ?? NONE;
    this.decks.mark(this.now);
    // Another host's new deck, or one that took another's place.
    if (this.now.deck && !this.decks.all.some((one) => one.deck === this.now.deck)) void this.decks.look();
    this.draw();
  }

  /** The lecture is over: nothing is shown and nothing can be. */
  open(on: boolean): void {
    this.isOpen = on;
    byId("slides").hidden = !on;
  }

  /** Returns whether it was about slides. */
  refused(frame: ErrorFrame): boolean {
    if (frame.t !== "show_slide" && frame.t !== "hide_slides") return false;
    this.decks.say(fill(this.words, REFUSALS[frame.error] ?? "try_again"));
    void this.decks.look();
    return true;
  }

  private begin(deck: Deck): void {
    this.command({ t: "show_slide", deck: deck.deck, page: 1 });
  }

  private turn(by: number): void {
    const page = turned(this.now, by);
    if (page !== null) this.goTo(page);
  }

  private goTo(page: number): void {
    this.command({ t: "show_slide", deck: this.now.deck, page });
  }

  private command(command: Command): void {
    this.decks.say(this.send(command) ? "" : fill(this.words, "try_again"));
  }

  private key(event: KeyboardEvent): void {
    const by = keyTurns(event.key);
    const at = event.target as HTMLElement | null;
    const isTyping = !!at && /^(INPUT|TEXTAREA|SELECT|VIDEO)$/.test(at.tagName);
    const isTab = at?.getAttribute("role") === "tab";
    if (!by || isTyping || isTab || !this.isOpen || !this.now.deck || event.ctrlKey || event.altKey || event.metaKey)
      return;
    event.preventDefault();
    this.turn(by);
  }

  private draw(): void {
    const { deck, page, pages } = this.now;
    byId("slides-now").hidden = !deck;
    this.view.show(this.now);
    if (!deck) return;
    write(byId("slides-where"), fill(this.words, "page", { page, pages }));
    byId<HTMLButtonElement>("slides-before").disabled = turned(this.now, -1) === null;
    byId<HTMLButtonElement>("slides-after").disabled = turned(this.now, 1) === null;
    this.strip();
  }

  private strip(): void {
    const strip = byId("slides-strip");
    const { deck, page, pages } = this.now;
    // A page that was opened after the end has no address of them before it has asked.
    if (this.drawn !== deck && this.decks.url) {
      this.drawn = deck;
      strip.textContent = "";
      for (let number = 1; number <= pages; number += 1) {
        const thumb = button("slides-thumb", "", () => this.goTo(number));
        const picture = document.createElement("img");
        picture.setAttribute("loading", "lazy");
        picture.alt = fill(this.words, "thumb", { page: number });
        picture.src = pageAddress(this.decks.url, deck, number, THUMB);
        thumb.append(picture, String(number));
        strip.appendChild(thumb);
      }
    }
    Array.from(strip.children).forEach((thumb, place) => {
      const isNow = place + 1 === page;
      if (isNow === (thumb.getAttribute("aria-current") === "true")) return;
      if (isNow) {
        thumb.setAttribute("aria-current", "true");
        strip.scrollLeft = (thumb as HTMLElement).offsetLeft - strip.clientWidth / 2;
      } else thumb.removeAttribute("aria-current");
    });
  }
}
