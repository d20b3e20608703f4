import assert from "node:assert/strict";
import { test } from "node:test";
import { leftOf, tileAt } from "../src/player/storyboard";

const board = { url: "", columns: 10, count: 24, width: 128, height: 72, every_ms: 15_000 };

test("a moment's tile is found on the sheet", () => {
  assert.deepEqual(
    [0, 14_999, 15_000, 149_999, 150_000, 359_999].map((ms) => tileAt(board, ms)),
    [
      [0, 0],
      [0, 0],
      [128, 0],
      [9 * 128, 0],
      [0, 72],
      [3 * 128, 144],
    ],
  );
});

test("moments past either end have the last and the first tile", () => {
  assert.deepEqual(tileAt(board, 400_000), [3 * 128, 144]);
  assert.deepEqual(tileAt(board, -1), [0, 0]);
});

test("a tile stays on its bar", () => {
  assert.deepEqual(
    [8, 170, 332].map((middle) => leftOf(middle, 128, 340)),
    [0, 106, 212],
  );
});
