import assert from "node:assert/strict";
import { test } from "node:test";
import { begun, ended, playsOn, type Span } from "../src/cut/spans";

test("only what is left is played", () => {
  const spans: Span[] = [
    [1000, 2000],
    [5000, 6000],
  ];
  assert.deepEqual(
    [0, 1500, 2000, 5999, 6000].map((at) => playsOn(at, spans)),
    [1000, 1500, 5000, 5999, null],
  );
});

test("what is taken out is written line by line", () => {
  assert.equal(begun("", "01:00"), "01:00-");
  assert.equal(begun("00:10-00:20\n00:30-", "01:00"), "00:10-00:20\n01:00-");
  assert.equal(ended("00:10-00:20\n01:00-", "02:00"), "00:10-00:20\n01:00-02:00");
  assert.equal(ended("00:10-00:20", "02:00"), null);
  assert.equal(ended("", "02:00"), null);
});
