/** Whoever was removed from a room comes back by itself once a host lets them in. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { awaitReturn } from "../src/room/removed";
import { Browser, chance } from "./browser";

let browser: Browser;
let status = 404;
let entered = 0;

beforeEach(() => {
  browser = new Browser();
  chance(0.5);
  entered = 0;
  browser.answers = () => ({ status, body: { ticket: "T" } });
  awaitReturn("/ticket.json", () => {
    entered += 1;
  });
});
afterEach(() => browser.leave());

test("removed: asked every twenty seconds, in once it is allowed", async () => {
  status = 404;
  await browser.pass(19_000);
  assert.equal(browser.asked.length, 0);
  await browser.pass(42_000);
  assert.deepEqual([browser.asked.length, entered], [3, 0]);
  status = 200;
  await browser.pass(60_000);
  assert.deepEqual([browser.asked.length, entered], [4, 1]);
});

test("removed: whoever is signed out asks no more", async () => {
  status = 401;
  await browser.pass(90_000);
  assert.deepEqual([browser.asked.length, entered], [1, 0]);
});
