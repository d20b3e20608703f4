/** The one sentence on the lecturer's page that tells what the audience gets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type HeadlineFacts, headline, isUnrecorded, timeLeft } from "../src/host/headline";
import type { AirEvent } from "../src/lib/frames";

const AIR: AirEvent = { t: "air", at: 1, picture: true, sound: true, written: true, recording: "on" };
const FACTS: HeadlineFacts = {
  state: "live",
  breakUntil: null,
  now: 1_000_000,
  air: AIR,
  age: 500,
  sending: 60_000,
  sender: "",
  isMute: false,
};
const NONE = { ...AIR, picture: false, sound: false, written: false };
const CASES: [string, Partial<HeadlineFacts>, string][] = [
  ["all is well", {}, "head_seen good"],
  ["the microphone is closed", { isMute: true }, "head_unheard warn"],
  ["no sound comes", { air: { ...AIR, sound: false } }, "head_unheard warn"],
  ["sound without a picture", { air: { ...AIR, picture: false } }, "head_unseen bad"],
  ["neither", { air: NONE }, "head_lost bad"],
  ["no picture, and the microphone is closed", { air: { ...AIR, picture: false }, isMute: true }, "head_lost bad"],
  ["it comes and nothing is written of it", { air: { ...AIR, written: false } }, "head_partly bad"],
  ["no fact ever", { air: null }, "head_unknown bad"],
  ["no fact for four seconds, whatever the last one was", { age: 4001 }, "head_unknown bad"],
  ["it has just gone live", { air: null, sending: 3000 }, "head_coming calm"],
  ["nothing is there yet", { air: NONE, sending: 3000 }, "head_coming calm"],
  ["it is there at once", { sending: 1000 }, "head_seen good"],
  ["a break", { breakUntil: 1_060_000, air: NONE }, "head_break calm"],
  ["a break that is over, and nobody has gone on", { breakUntil: 1_000_000, air: null }, "head_break_over warn"],
  ["another page sends", { sender: "苏晓文" }, "named_seen good"],
  ["this page's microphone is not what they hear", { sender: "苏晓文", isMute: true }, "named_seen good"],
  ["another page sends silence", { sender: "苏晓文", air: { ...AIR, sound: false } }, "named_unheard warn"],
  ["another page sends no picture", { sender: "苏晓文", air: { ...AIR, picture: false } }, "named_unseen bad"],
  ["another page was closed", { sender: "苏晓文", air: NONE }, "named_lost bad"],
  ["nothing is written of another's", { sender: "苏晓文", air: { ...AIR, written: false } }, "named_partly bad"],
  ["another's break is over", { sender: "苏晓文", breakUntil: 1_000_000 }, "named_break_over warn"],
  ["a break is nobody's", { sender: "苏晓文", breakUntil: 1_060_000 }, "head_break calm"],
  ["another's picture is on its way", { sender: "苏晓文", air: null, sending: 3000 }, "head_coming calm"],
  ["before it is live", { state: "scheduled" }, ""],
  ["stale words are gone at the end", { state: "ended", air: NONE, breakUntil: 1_060_000 }, ""],
];
for (const [name, facts, said] of CASES) {
  test(`headline: ${name}`, () => {
    const found = headline({ ...FACTS, ...facts });
    assert.equal(found ? `${found.word} ${found.tone}` : "", said);
  });
}

test("that nothing is recorded is said while it is so, and only on fresh facts", () => {
  const off: HeadlineFacts = { ...FACTS, air: { ...AIR, recording: "off" } };
  assert.equal(isUnrecorded(off), true);
  assert.equal(isUnrecorded({ ...off, age: 9000 }), false);
  assert.equal(isUnrecorded({ ...off, breakUntil: 2_000_000 }), false);
  assert.equal(isUnrecorded({ ...off, state: "ended" }), false);
  assert.equal(isUnrecorded({ ...FACTS, air: { ...AIR, recording: "none" } }), false);
});

test("the planned time: what is left, one hint, and how much over", () => {
  const minute = 60_000;
  const end = 1_000 * minute;
  assert.deepEqual(timeLeft(end - 12 * minute, end), { word: "time_left", m: 12, isHint: false });
  assert.deepEqual(timeLeft(end - 10 * minute, end), { word: "time_left", m: 10, isHint: true });
  assert.deepEqual(timeLeft(end - 9 * minute, end), { word: "time_left", m: 9, isHint: false });
  assert.deepEqual(timeLeft(end + 30_000, end), { word: "time_left", m: 0, isHint: false });
  assert.deepEqual(timeLeft(end + 5 * minute, end), { word: "time_over", m: 5, isHint: false });
});
