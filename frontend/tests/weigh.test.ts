import assert from "node:assert/strict";
import { test } from "node:test";
import { isTooLarge } from "../src/weigh/most";

test("a file may have as much as is offered, and not a byte more", () => {
  assert.equal(isTooLarge([{ size: 200 }], 200), false);
  assert.equal(isTooLarge([{ size: 1 }, { size: 201 }], 200), true);
});

test("what is not chosen, or has no limit, is not too large", () => {
  assert.equal(isTooLarge(null, 200), false);
  assert.equal(isTooLarge([], 200), false);
  assert.equal(isTooLarge([{ size: 201 }], Number.NaN), false);
});
