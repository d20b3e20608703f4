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
let units: { id: number; name: string; n: number }[] = [];

beforeEach(() => {
  browser = new Browser();
  chance(0.5);
  status = 200;
  units = [];
  browser.answers = () => ({ status, body: { found: 0, page: 1, pages: 1, rows: [], units, more_units: 5 } });
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

test("people: a unit is found by a part of its name, chosen, and let go by typing", async () => {
  units = [{ id: 7, name: "东风村支部", n: 3 }];
  const unit = browser.document.getElementById("people-unit");
  const list = browser.document.getElementById("people-units");
  Object.assign(unit, { value: "东风" });
  unit.dispatch("input");
  await browser.pass(1000);
  assert(/unit=0&of=%E4%B8%9C%E9%A3%8E&/.test(String(browser.asked[0]?.url)));
  const button = list.children[0]?.children[0];
  assert.equal(button?.textContent, "东风村支部（3）");
  assert.equal(browser.document.getElementById("people-units-more").textContent, "units_more");
  button?.dispatch("click");
  await browser.settle();
  assert(/unit=7&of=&/.test(String(browser.asked[1]?.url)));
  assert.equal((unit as unknown as { value: string }).value, "东风村支部");
  assert.equal(list.children.length, 0);
  assert.equal(browser.document.getElementById("people-units-more").textContent, "");
  Object.assign(unit, { value: "没有" });
  units = [];
  unit.dispatch("input");
  await browser.pass(1000);
  assert(/unit=0&of=%E6%B2%A1/.test(String(browser.asked[2]?.url)));
  assert.equal(browser.document.getElementById("people-units-more").textContent, "units_none");
});
