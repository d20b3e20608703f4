import assert from "node:assert/strict";
import { test } from "node:test";
import { PAGE, pageOf, WordIndex } from "../src/player/words";

const said = ["同志们好，今天讲防汛", "转移要", "快，ＷＨＯ 说", "防汛防汛要早"].map((text, n) => ({
  start: n * 1000,
  text,
}));

test("words are found however they are typed, each cue once", () => {
  const index = new WordIndex(said);
  assert.deepEqual(index.find("防汛"), [0, 3]);
  assert.deepEqual(index.find(" who "), [2]);
  assert.deepEqual(index.find("防 汛 要"), [3]);
  assert.deepEqual(index.find("地震"), []);
  assert.deepEqual(index.find("  "), [0, 1, 2, 3]);
  assert.deepEqual(new WordIndex([]).find("防"), []);
});

test("a sentence is found that goes on in the next cue", () => {
  assert.deepEqual(new WordIndex(said).find("转移要快"), [1]);
  assert.deepEqual(new WordIndex([...said, { start: 9000, text: "。" }]).find("早。"), [3]);
});

test("the list opens at the page where the media stands", () => {
  const all = Array.from({ length: 2 * PAGE + 1 }, (_, place) => place);
  assert.deepEqual(
    [-1, 0, PAGE - 1, PAGE, 2 * PAGE, 9999].map((now) => pageOf(all, now)),
    [0, 0, 0, 1, 2, 2],
  );
  assert.equal(pageOf([], 5), 0);
});
