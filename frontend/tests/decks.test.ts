/** What the desk says of a deck that was sent, until its row says how it came out. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { type Deck, Decks } from "../src/host/decks";
import type { HostSlideWords } from "../src/lib/sentences";
import { Browser } from "./browser";

const WORDS = new Proxy({}, { get: (_, key) => String(key) }) as HostSlideWords;
const DECK: Deck = { id: 1, deck: "a", name: "一", state: "running", pages: 3, done: 1, fault: "", replaces: "" };
let browser: Browser;
let deck: Deck;

class Request {
  upload = {};
  status = 200;
  responseText = "";
  onload = (): void => undefined;
  open(): void {
    // Nothing leaves.
  }
  setRequestHeader(): void {
    // Nothing leaves.
  }
  send(): void {
    this.onload();
  }
}

beforeEach(() => {
  browser = new Browser();
  deck = DECK;
  browser.answers = () => ({ status: 200, body: { decks: [deck], url: "" } });
  Object.assign(globalThis, { XMLHttpRequest: Request, FormData: class extends Map {} });
  Object.assign(FormData.prototype, { append: () => undefined });
});
afterEach(() => browser.leave());

for (const state of ["ready", "failed"] as const) {
  test(`decks: that it is being drawn is not said any more of one that is ${state}`, async () => {
    const { document } = browser;
    new Decks(WORDS, { slides: "/s", papers: "/p", slides_remove: "/r" }, { show: () => 0, changed: () => 0 });
    const input = document.getElementById("slides-file");
    Object.assign(input, { files: [{ size: 1 }] });
    input.dispatch("change");
    await browser.settle();
    assert.equal(document.getElementById("slides-note").textContent, "sent");
    deck = { ...DECK, state };
    await browser.pass(2000);
    assert.equal(document.getElementById("slides-note").textContent, "");
  });
}
