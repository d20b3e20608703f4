/** The list of who is in comes back after a fault, and follows arrivals while somebody looks at it. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { People } from "../src/host/people";
import type { HostWords } from "../src/lib/sentences";
import { Browser, chance } from "./browser";

const WORDS = new Proxy({}, { get: (_, key) => String(key) }) as HostWords;
let browser: Browser;
let status = 200;
let people: People;

beforeEach(() => {
  browser = new Browser();
  chance(0.5);
  status = 200;
  Object.assign(browser.document.getElementById("people-unit"), { options: [1], remove: () => 0, selectedIndex: 0 });
  browser.answers = () => ({ status, body: { found: 0, page: 1, pages: 1, rows: [], units: [] } });
  people = new People(WORDS, 1, "/people.json", () => true);
});
afterEach(() => browser.leave());

function found(): string {
  return browser.document.getElementById("people-found").textContent;
}

test("people: asked again by itself until the server answers", async () => {
  status = 404;
  browser.document.getElementById("tab-people").dispatch("click");
  await browser.settle();
  assert.equal(found(), "try_again");
  await browser.pass(6000);
  const times = browser.asked.length;
  assert(times >= 2, "asked again");
  status = 200;
  await browser.pass(6000);
  assert.equal(found(), "people_none");
  const after = browser.asked.length;
  await browser.pass(60_000);
  assert.equal(browser.asked.length, after, "answered: no more");
});

test("people: arrivals are asked for together, and only while the list is looked at", async () => {
  for (const count of [1, 2, 3]) people.present(count);
  await browser.pass(4000);
  assert.equal(browser.asked.length, 1);
  people.present(3);
  await browser.pass(4000);
  assert.equal(browser.asked.length, 1);
  browser.document.getElementById("panel-people").hidden = true;
  people.present(4);
  await browser.pass(4000);
  assert.equal(browser.asked.length, 1);
});
