import assert from "node:assert/strict";
import { test } from "node:test";
import { Counter, type Sample } from "../src/player/counter";
import type { Range } from "../src/player/ranges";

function at(now: number, position: number, more: Partial<Sample> = {}): Sample {
  return { now, position, rate: 1, hidden: false, audible: true, ...more };
}

const HIDDEN = { hidden: true };
const MUTE = { audible: false };

// What was played, sample by sample; what counts, and what is only explained.
const CASES: [string, Sample[], Range[], Range[]][] = [
  ["one sample proves nothing", [at(0, 0)], [], []],
  ["as long as the clock", [at(0, 0), at(1000, 1000)], [[0, 1000]], []],
  ["samples become one span", [at(0, 0), at(250, 250), at(500, 500)], [[0, 500]], []],
  ["a standstill", [at(0, 500), at(1000, 500)], [], []],
  ["what was played before a standstill and after it", [at(0, 0), at(400, 300), at(5000, 900)], [[0, 900]], []],
  ["a beginning that is heard of late", [at(0, 0), at(4000, 900), at(4250, 1150)], [[0, 1150]], []],
  ["backwards is a seek", [at(0, 5000), at(1000, 3000)], [], []],
  ["a jump ahead is a seek", [at(0, 0), at(1000, 60_000)], [], []],
  ["a little more than the clock is none", [at(0, 0), at(1000, 1400)], [[0, 1400]], []],
  ["more than a little is one", [at(0, 0), at(1000, 1500)], [], []],
  ["at double speed", [at(0, 0, { rate: 2 }), at(1000, 2000, { rate: 2 })], [[0, 2000]], []],
  ["the speed was changed in between", [at(0, 0), at(1000, 1900, { rate: 2 })], [[0, 1900]], []],
  ["a clock that stands or runs back", [at(1000, 0), at(1000, 500), at(500, 900)], [], []],
  ["a frozen tab proves nothing", [at(0, 0), at(100_000, 100_000)], [], []],
  ["a minute between two samples does", [at(0, 0), at(60_000, 60_000)], [[0, 60_000]], []],
  ["hidden with sound counts", [at(0, 0, HIDDEN), at(1000, 1000, HIDDEN)], [[0, 1000]], []],
  [
    "hidden without sound is only explained",
    [at(0, 0, { ...HIDDEN, ...MUTE }), at(1000, 1000, { ...HIDDEN, ...MUTE })],
    [],
    [[0, 1000]],
  ],
  ["hidden on the way, without sound", [at(0, 0, MUTE), at(1000, 1000, { ...HIDDEN, ...MUTE })], [], [[0, 1000]]],
  ["in sight without sound counts", [at(0, 0, MUTE), at(1000, 1000, MUTE)], [[0, 1000]], []],
  ["parts of milliseconds are cut", [at(0, 0.7), at(1000, 999.9)], [[0, 999]], []],
];
for (const [name, samples, seen, silent] of CASES) {
  test(`counter: ${name}`, () => {
    const counter = new Counter();
    for (const sample of samples) counter.sample(sample);
    assert.deepEqual([counter.seen, counter.silent], [seen, silent]);
  });
}

test("counter: after a cut the next sample begins anew", () => {
  const counter = new Counter();
  counter.sample(at(0, 0));
  counter.cut();
  assert.equal(counter.sample(at(1000, 1000)), 0);
  assert.equal(counter.sample(at(2000, 2000)), 1000);
  assert.deepEqual(counter.seen, [[1000, 2000]]);
});
