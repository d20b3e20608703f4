/** How the picture goes out, in one sentence at the desk, and the key that changes it. */
import { byId, write } from "../lib/page";
import type { HostWords } from "../lib/sentences";
import { recall, remember } from "../lib/storage";
import { fill } from "../lib/words";
import type { Way } from "./air";
import { canRecord } from "./recorder";

/** What this page did before it was loaded anew: the network is the same. */
export function wayBefore(occasion: number): Way {
  return recall("sessionStorage", `way-${occasion}`, false) && canRecord() ? "fallback" : "direct";
}

export class WayKey {
  private byItself = false;
  private way: Way;
  private readonly key = byId("way");

  constructor(
    private readonly words: HostWords,
    private readonly occasion: number,
    choose: (way: Way) => void,
  ) {
    this.way = wayBefore(occasion);
    this.key.addEventListener("click", () => choose(this.way === "direct" ? "fallback" : "direct"));
  }

  turned(way: Way, byItself: boolean): void {
    this.way = way;
    this.byItself = byItself;
    remember("sessionStorage", `way-${this.occasion}`, way === "fallback" || null);
  }

  /** `sends`: this page has devices that go out, now or as soon as it is live. */
  show(sends: boolean, live: boolean): void {
    const isFallback = this.way === "fallback";
    this.key.hidden = !sends || !canRecord();
    this.key.textContent = fill(this.words, isFallback ? "fallback_leave" : "fallback_use");
    write(byId("way-note"), sends && isFallback ? fill(this.words, this.word(live)) : "");
  }

  private word(live: boolean): keyof HostWords {
    if (this.byItself) return "fallback_auto";
    if (live) return "fallback_on";
    return "fallback_chosen";
  }
}
