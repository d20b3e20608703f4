/** Slides: which picture, which page, which chapter. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Deck, deckSaid, isWaiting } from "../src/host/decks";
import type { HostSlideWords } from "../src/lib/sentences";
import { chapterAt, keyTurns, pageAddress, type Step, stepAt, turned, widthFor } from "../src/lib/slides";

test("a phone takes the small picture, a large screen the large one, low data always the small one", () => {
  assert.equal(widthFor(360, 2, false), 720);
  assert.equal(widthFor(360, 2.5, false), 720);
  assert.equal(widthFor(412, 2.625, false), 1280);
  assert.equal(widthFor(900, 1, false), 720);
  assert.equal(widthFor(1000, 1, false), 1280);
  assert.equal(widthFor(1280, 2, true), 720);
  assert.equal(pageAddress("/m/t/", "ab", 3, 720), "/m/t/ab/720/3.jpg");
});

test("the page that a place of the recording shows", () => {
  const steps: Step[] = [
    [0, "a", 1],
    [5000, "a", 2],
    [9000, "", 0],
  ];
  assert.equal(stepAt([], 5), null);
  assert.equal(stepAt([[10, "a", 1]], 5), null);
  assert.deepEqual(stepAt(steps, 0), steps[0]);
  assert.deepEqual(stepAt(steps, 4999), steps[0]);
  assert.deepEqual(stepAt(steps, 5000), steps[1]);
  assert.deepEqual(stepAt(steps, 1e9), steps[2]);
  assert.equal(chapterAt([0, 20_000], 19_999), 0);
  assert.equal(chapterAt([0, 20_000], 20_000), 1);
  assert.equal(chapterAt([5], 1), -1);
});

test("of thousands of cues few are looked at", () => {
  let reads = 0;
  const starts = Array.from({ length: 4000 }, (_, place) => place * 1000);
  const watched = new Proxy(starts, {
    get(target, key) {
      reads += 1;
      return Reflect.get(target, key) as unknown;
    },
  });
  assert.deepEqual(
    [-1, 0, 2_000_500, 1e9].map((ms) => chapterAt(watched, ms)),
    [-1, 0, 2000, 3999],
  );
  assert.equal(reads < 100, true, `${reads} reads`);
});

test("pages turn within the deck, by the keys of a computer and of a remote", () => {
  const now = { deck: "a", page: 1, pages: 2 };
  assert.equal(turned(now, 1), 2);
  assert.equal(turned(now, -1), null);
  assert.equal(turned({ ...now, page: 2 }, 1), null);
  assert.equal(turned({ deck: "", page: 0, pages: 0 }, 1), null);
  assert.deepEqual(["ArrowRight", "PageDown", "ArrowLeft", "PageUp", "a"].map(keyTurns), [1, 1, -1, -1, 0]);
});

test("what is said of a deck", () => {
  const words = new Proxy({}, { get: (_, key) => `${String(key)} {done}/{pages}{name}` }) as HostSlideWords;
  const deck: Deck = { id: 1, deck: "a", name: "n", state: "ready", pages: 5, done: 2, fault: "坏了", replaces: "" };
  const none = { deck: "", page: 0, pages: 0 };
  assert.equal(deckSaid(words, deck, none), "ready /5");
  assert.equal(deckSaid(words, deck, { deck: "a", page: 1, pages: 5 }), "shown /");
  assert.equal(deckSaid(words, { ...deck, state: "failed" }, none), "坏了");
  assert.equal(deckSaid(words, { ...deck, state: "running" }, none), "running 2/5");
  assert.equal(deckSaid(words, { ...deck, state: "running", pages: 0 }, none), "starting /");
  assert.equal(deckSaid(words, { ...deck, state: "queued", replaces: "旧" }, none), "queued / · replacing /旧");
  assert.deepEqual([deck, { ...deck, state: "queued" as const }].map(isWaiting), [false, true]);
});
