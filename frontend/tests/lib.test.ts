import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { doubled, jittered } from "../src/lib/backoff";
import { clock, ServerClock, spoken } from "../src/lib/clock";
import { recall, remember } from "../src/lib/storage";
import { fill, oneOf } from "../src/lib/words";
import { Browser, chance } from "./browser";

let browser: Browser;

beforeEach(() => {
  browser = new Browser();
});
afterEach(() => browser.leave());

const CLOCKS: [number, string][] = [
  [-5000, "00:00"],
  [0, "00:00"],
  [999, "00:00"],
  [61_000, "01:01"],
  [761_000, "12:41"],
  [3_599_999, "59:59"],
  [3_600_000, "1:00:00"],
  [3_909_000, "1:05:09"],
  [36_000_000, "10:00:00"],
];
for (const [ms, text] of CLOCKS) test(`clock: ${ms} ms is ${text}`, () => assert.equal(clock(ms), text));

const LENGTHS = { seconds: "{s} 秒", minutes: "{m} 分钟", minutes_seconds: "{m} 分 {s} 秒" };
const SPOKEN: [number, string][] = [
  [-1, "0 秒"],
  [999, "0 秒"],
  [49_900, "49 秒"],
  [60_000, "1 分钟"],
  [245_000, "4 分 05 秒"],
  [2_880_000, "48 分钟"],
  [4_500_000, "75 分钟"],
];
for (const [ms, text] of SPOKEN) test(`spoken: ${ms} ms is ${text}`, () => assert.equal(spoken(LENGTHS, ms), text));

test("server's clock: unknown it shows 0, known it goes on with this page's", async () => {
  const time = new ServerClock();
  assert.deepEqual([time.now(), time.at(5)], [0, 0]);
  time.set(5_000_000);
  await browser.pass(1500);
  assert.equal(time.now(), 5_001_500);
  assert.equal(time.at(performance.now() - 1000), 5_000_500);
});
test("server's clock: set with the moment at which it was read", async () => {
  const time = new ServerClock(1);
  const read = performance.now();
  await browser.pass(750);
  time.set(9000, read);
  assert.equal(time.now(), 9750);
});

const WAITS: [number, number][] = [
  [-1, 1000],
  [0, 1000],
  [1, 2000],
  [3, 8000],
  [4, 8000],
  [5000, 8000],
];
for (const [tries, ms] of WAITS) {
  test(`back-off: after ${tries} tries ${ms} ms`, () => {
    assert.equal(doubled(tries, { first: 1000, longest: 8000 }), ms);
  });
}
test("jitter: to both sides by its share", () => {
  const spread = [0, 0.5, 1].map((value) => {
    chance(value);
    return [jittered(1000), jittered(1000, 0.25)];
  });
  assert.deepEqual(spread, [
    [500, 750],
    [1000, 1000],
    [1500, 1250],
  ]);
});

const WORDS = { plain: "是", one: "现在有 {n} 位", two: "{m} 分 {s} 秒，{m}", odd: "{n}% {" };
const FILLED: [keyof typeof WORDS, Record<string, string | number>, string][] = [
  ["plain", {}, "是"],
  ["one", { n: 3 }, "现在有 3 位"],
  ["one", { n: 0 }, "现在有 0 位"],
  ["one", {}, "现在有  位"],
  ["two", { m: 1, s: "05" }, "1 分 05 秒，1"],
  ["one", { n: "$& {n}" }, "现在有 $& {n} 位"],
  ["odd", { n: 40 }, "40% {"],
];
for (const [key, values, text] of FILLED) {
  test(`fill: ${WORDS[key]} with ${JSON.stringify(values)}`, () => assert.equal(fill(WORDS, key, values), text));
}
test("fill: an older page's words may lack a sentence, and nothing breaks", () => {
  const words = JSON.parse("{}") as typeof WORDS;
  assert.equal(fill(words, "plain"), "");
});
test("oneOf: what comes over the wire is a word of ours, or none", () => {
  const keys = ["state", "draft"] as const;
  assert.deepEqual([oneOf(keys, "draft"), oneOf(keys, "toString"), oneOf(keys, "")], ["draft", undefined, undefined]);
});

test("storage: remembered, recalled, forgotten", () => {
  remember("localStorage", "seen", { n: 2 });
  assert.deepEqual(recall("localStorage", "seen", { n: 0 }), { n: 2 });
  remember("localStorage", "seen", null);
  assert.deepEqual(recall("localStorage", "seen", { n: 0 }), { n: 0 });
  assert.equal(browser.localStorage.items.size, 0);
});
test("storage: what cannot be read is as if it were not there", () => {
  browser.sessionStorage.items.set("rows", "[{");
  assert.deepEqual(recall("sessionStorage", "rows", [1]), [1]);
});
test("storage: refused it loses nothing but memory", () => {
  browser.localStorage.isRefused = true;
  remember("localStorage", "seen", 2);
  assert.equal(recall("localStorage", "seen", 0), 0);
});
