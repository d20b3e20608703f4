/** An author who publishes while Wagtail's autosave is on its way makes one page, not two. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Turns } from "../src/editor/turns";
import { Browser } from "./browser";

let browser: Browser;
let turns: Turns;
let sent: number;

function publish(): void {
  void turns.send().then(() => {
    sent += 1;
  });
}

beforeEach(() => {
  browser = new Browser();
  turns = new Turns();
  sent = 0;
});
afterEach(() => browser.leave());

test("turns: what is sent waits for the autosave that is on its way, and none begins meanwhile", async () => {
  assert.equal(turns.mayStore(), true);
  publish();
  await browser.pass(5_000);
  assert.deepEqual([sent, turns.mayStore()], [0, false]);
  turns.stored();
  await browser.settle();
  assert.deepEqual([sent, turns.mayStore()], [1, false]);
});

test("turns: without an autosave it is sent at once, and whoever stays is stored again", async () => {
  publish();
  await browser.settle();
  assert.equal(sent, 1);
  turns.stay();
  assert.equal(turns.mayStore(), true);
});

test("turns: an autosave that never gets an answer holds nobody for good", async () => {
  turns.mayStore();
  publish();
  await browser.pass(10_500);
  assert.equal(sent, 1);
});
