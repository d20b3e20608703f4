import assert from "node:assert/strict";
import { test } from "node:test";
import { moved } from "../src/register/grid";

test("arrows move by one and stop at the edges", () => {
  assert.deepEqual(moved("ArrowDown", { row: 0, column: 2 }, 3, 4), { row: 1, column: 2 });
  assert.deepEqual(moved("ArrowUp", { row: 0, column: 2 }, 3, 4), { row: 0, column: 2 });
  assert.deepEqual(moved("ArrowRight", { row: 1, column: 3 }, 3, 4), { row: 1, column: 3 });
  assert.deepEqual(moved("ArrowLeft", { row: 1, column: 3 }, 3, 4), { row: 1, column: 2 });
});

test("Home and End lead to the ends of a row, with Ctrl to those of the table", () => {
  assert.deepEqual(moved("Home", { row: 1, column: 3 }, 3, 4), { row: 1, column: 0 });
  assert.deepEqual(moved("End", { row: 1, column: 0 }, 3, 4), { row: 1, column: 3 });
  assert.deepEqual(moved("Home", { row: 1, column: 3 }, 3, 4, true), { row: 0, column: 0 });
  assert.deepEqual(moved("End", { row: 1, column: 0 }, 3, 4, true), { row: 2, column: 3 });
});

test("other keys move nobody", () => {
  assert.equal(moved("Enter", { row: 0, column: 0 }, 3, 4), null);
  assert.equal(moved("a", { row: 0, column: 0 }, 3, 4), null);
});
