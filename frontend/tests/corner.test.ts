/** Where the face stands on the shared screen, and when a computer is too slow for it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { corner, fitted, isLate, wholeOf } from "../src/host/corner";

test("the whole is as the screen, no wider than what is sent, and even", () => {
  assert.deepEqual(wholeOf({ width: 1920, height: 1080 }), { width: 1280, height: 720 });
  assert.deepEqual(wholeOf({ width: 801, height: 601 }), { width: 802, height: 602 });
  assert.deepEqual(wholeOf({ width: 3000, height: 2000 }), { width: 1280, height: 854 });
  assert.deepEqual(wholeOf({ width: 0, height: 0 }), { width: 1280, height: 720 });
});

test("the screen is seen whole, the face inside its corner", () => {
  const whole = { width: 1280, height: 720 };
  assert.deepEqual(fitted(whole, { width: 640, height: 720 }), { x: 320, y: 0, width: 640, height: 720 });
  const face = corner(whole, { width: 640, height: 480 });
  assert(face.x > 900 && face.x + face.width < 1280);
  assert(face.y > 400 && face.y + face.height < 720);
  assert.equal(Math.round((face.width / face.height) * 100), 133);
});

test("a pace that is half of what it should be is too slow", () => {
  assert.equal(isLate(36, 3000), false);
  assert.equal(isLate(36, 5900), false);
  assert.equal(isLate(36, 6100), true);
});
