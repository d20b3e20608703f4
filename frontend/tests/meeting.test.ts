/** Whose pictures a meeting shows, in how many columns, and what they may take of the line. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sitting } from "../src/lib/frames";
import { bitrate, columns, pictures } from "../src/meeting/order";

function seat(member: number, more: Partial<Sitting> = {}): Sitting {
  return { member, name: `${member}`, unit: "", mic: true, cam: true, floor: false, ...more };
}

const SEATS = [seat(1), seat(2), seat(3), seat(4)];

test("pictures stay where they are, and never one's own", () => {
  const heard = new Map([[4, 10]]);
  assert.deepEqual(pictures({ seats: SEATS, you: 1, shown: [], heard, most: 9 }), [4, 2, 3]);
  assert.deepEqual(pictures({ seats: SEATS, you: 1, shown: [2, 3, 4], heard, most: 9 }), [2, 3, 4]);
  const closed = [seat(1), seat(2, { cam: false }), seat(3)];
  assert.deepEqual(pictures({ seats: closed, you: 1, shown: [2, 3], heard, most: 9 }), [3]);
});

test("who speaks unseen takes the place of whoever was silent longest", () => {
  const heard = new Map([
    [2, 50],
    [3, 10],
    [4, 60],
  ]);
  assert.deepEqual(pictures({ seats: SEATS, you: 1, shown: [2, 3], heard, most: 2 }), [2, 4]);
  assert.deepEqual(pictures({ seats: SEATS, you: 1, shown: [2, 4], heard, most: 2 }), [2, 4]);
});

test("who has the floor is seen, and not put aside", () => {
  const seats = [seat(1), seat(2, { floor: true }), seat(3), seat(4)];
  const heard = new Map([
    [3, 50],
    [4, 60],
  ]);
  assert.deepEqual(pictures({ seats, you: 1, shown: [3, 4], heard, most: 2 }), [2, 4]);
  assert.deepEqual(
    pictures({
      seats,
      you: 1,
      shown: [2, 4],
      heard: new Map([
        [3, 70],
        [4, 60],
      ]),
      most: 2,
    }),
    [2, 3],
  );
});

test("more pictures are smaller, and take less each", () => {
  assert.deepEqual(
    [0, 1, 2, 3, 9, 10].map((count) => columns(count, false)),
    [1, 1, 1, 2, 3, 4],
  );
  assert.equal(columns(2, true), 2);
  assert.deepEqual([1, 4, 9, 16].map(bitrate), [600_000, 350_000, 180_000, 120_000]);
});
