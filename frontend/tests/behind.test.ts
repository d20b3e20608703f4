/** What the server is told of a page in the background, and that its screen may be locked once nothing is on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command } from "../src/lib/frames";
import { Behind } from "../src/room/behind";
import { WakeLock } from "../src/room/phone";

function see(visibilityState: string): void {
  Object.assign(globalThis, { document: { visibilityState } });
}

test("behind: sound that begins in the background is said, and one that falters is not taken back", () => {
  const sent: Command[] = [];
  let isUp = true;
  let sound = false;
  const behind = new Behind(
    (command) => isUp && sent.push(command) > 0,
    () => sound,
  );
  see("visible");
  behind.joined();
  behind.look();
  see("hidden");
  behind.look();
  behind.look();
  assert.deepEqual(sent.splice(0), [{ t: "hide", sound: false }]);
  sound = true;
  isUp = false;
  behind.look();
  isUp = true;
  behind.look();
  sound = false;
  behind.look();
  assert.deepEqual(sent.splice(0), [{ t: "hide", sound: true }]);
  behind.joined();
  assert.deepEqual(sent.splice(0), [{ t: "hide", sound: false }]);
  see("visible");
  behind.look();
  behind.look();
  assert.deepEqual(sent, [{ t: "show" }]);
});

test("behind: a lock of the screen that is granted after the end is given back", async () => {
  let grant: (lock: { release(): Promise<void> }) => void = () => undefined;
  let released = 0;
  const release = (): Promise<void> => {
    released += 1;
    return Promise.resolve();
  };
  const request = (): Promise<unknown> =>
    new Promise((resolve) => {
      grant = resolve;
    });
  Object.defineProperty(globalThis, "navigator", { value: { wakeLock: { request } }, configurable: true });
  see("visible");
  const wakeLock = new WakeLock();
  const held = wakeLock.hold();
  wakeLock.release();
  grant({ release });
  await held;
  assert.equal(released, 1);
});
