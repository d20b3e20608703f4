import assert from "node:assert/strict";
import { test } from "node:test";
import { end, length, minus, type Range, shared, union } from "../src/player/ranges";

const UNIONS: [string, Range[][], Range[]][] = [
  ["nothing", [], []],
  ["one", [[[0, 5]]], [[0, 5]]],
  [
    "apart",
    [[[0, 5]], [[7, 9]]],
    [
      [0, 5],
      [7, 9],
    ],
  ],
  [
    "out of order",
    [
      [
        [7, 9],
        [0, 5],
      ],
    ],
    [
      [0, 5],
      [7, 9],
    ],
  ],
  ["touching ones become one", [[[0, 5]], [[5, 9]]], [[0, 9]]],
  [
    "overlapping",
    [
      [
        [0, 5],
        [3, 8],
      ],
    ],
    [[0, 8]],
  ],
  [
    "one within another",
    [
      [
        [0, 9],
        [3, 5],
      ],
    ],
    [[0, 9]],
  ],
  [
    "empty and turned ones vanish",
    [
      [
        [4, 4],
        [9, 2],
        [0, 1],
      ],
    ],
    [[0, 1]],
  ],
  ["twice the same", [[[0, 5]], [[0, 5]]], [[0, 5]]],
  ["a chain of three lists", [[[0, 2]], [[2, 4]], [[3, 6]]], [[0, 6]]],
];
for (const [name, lists, expected] of UNIONS) {
  test(`union: ${name}`, () => assert.deepEqual(union(...lists), expected));
}

test("union: what is given stays as it was", () => {
  const given: Range[] = [
    [0, 5],
    [3, 8],
  ];
  union(given);
  assert.deepEqual(given, [
    [0, 5],
    [3, 8],
  ]);
});

const DIFFERENCES: [string, Range[], Range[], Range[]][] = [
  ["nothing taken", [[0, 9]], [], [[0, 9]]],
  ["all taken", [[0, 9]], [[0, 9]], []],
  ["more than all", [[2, 5]], [[0, 9]], []],
  ["the beginning", [[0, 9]], [[0, 4]], [[4, 9]]],
  ["the end", [[0, 9]], [[4, 9]], [[0, 4]]],
  [
    "the middle",
    [[0, 9]],
    [[3, 5]],
    [
      [0, 3],
      [5, 9],
    ],
  ],
  [
    "two holes",
    [[0, 9]],
    [
      [1, 2],
      [4, 6],
    ],
    [
      [0, 1],
      [2, 4],
      [6, 9],
    ],
  ],
  ["beside it", [[0, 4]], [[4, 9]], [[0, 4]]],
  [
    "across two",
    [
      [0, 3],
      [5, 9],
    ],
    [[2, 6]],
    [
      [0, 2],
      [6, 9],
    ],
  ],
];
for (const [name, whole, taken, expected] of DIFFERENCES) {
  test(`minus: ${name}`, () => assert.deepEqual(minus(whole, taken), expected));
}

const SHARED: [string, Range[], Range[], Range[]][] = [
  ["apart", [[0, 3]], [[5, 9]], []],
  ["overlapping", [[0, 6]], [[4, 9]], [[4, 6]]],
  ["one within the other", [[0, 9]], [[3, 4]], [[3, 4]]],
  [
    "several",
    [
      [0, 4],
      [6, 9],
    ],
    [[3, 7]],
    [
      [3, 4],
      [6, 7],
    ],
  ],
];
for (const [name, one, other, expected] of SHARED) {
  test(`shared: ${name}`, () => {
    assert.deepEqual(shared(one, other), expected);
    assert.deepEqual(shared(other, one), expected, "whichever comes first");
  });
}

test("length and end of nothing are 0", () => assert.deepEqual([length([]), end([])], [0, 0]));
test("length adds up, end is the latest", () => {
  const ranges: Range[] = [
    [0, 3],
    [5, 9],
  ];
  assert.deepEqual([length(ranges), end(ranges)], [7, 9]);
});
