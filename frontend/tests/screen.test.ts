/** What the hall's screen says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PollEvent } from "../src/lib/frames";
import { isShown } from "../src/screen/poll";
import { closedSaid, comesBack, hourOf, lineSaid } from "../src/screen/said";

test("the line is said while it matters", () => {
  assert.equal(lineSaid("good", false), "good");
  assert.equal(lineSaid("reconnecting", false), "reconnecting");
  assert.equal(lineSaid("locked", false), "");
  assert.equal(lineSaid("good", true), "");
});

test("why it is out, for whoever comes to look", () => {
  assert.equal(closedSaid("signed_out"), "signed_out");
  assert.equal(closedSaid("elsewhere"), "elsewhere");
  assert.equal(closedSaid("removed"), "no_right");
  assert.equal(closedSaid("cancelled"), "");
});

test("out of the room it comes back by itself, but not to push out another page of the same person", () => {
  assert.deepEqual(([undefined, "signed_out", "rights", "removed"] as const).map(comesBack), [true, true, true, true]);
  assert.deepEqual((["elsewhere", "cancelled"] as const).map(comesBack), [false, false]);
});

test("the hour", () => {
  assert.equal(hourOf(new Date(2026, 8, 1, 9, 5).getTime()), "9:05");
});

test("a question while it is open, a result once it is shown", () => {
  const poll: PollEvent = {
    t: "poll",
    poll: 1,
    quiz: false,
    text: "?",
    options: ["一", "二"],
    open: true,
    counts: [],
    right: [],
  };
  assert.equal(isShown(null), false);
  assert.equal(isShown(poll), true);
  assert.equal(isShown({ ...poll, open: false }), false);
  assert.equal(isShown({ ...poll, open: false, counts: [1, 2] }), true);
});
