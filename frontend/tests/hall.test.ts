/** The hall's screen of a person who opened a page too many. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Browser, FakeSocket } from "./browser";

const DATA = {
  state: "scheduled",
  now: 1_000_000,
  starts_at: 9_000_000,
  ends_at: 9_900_000,
  break_until: null,
  seq: 0,
  poll: null,
  notice: "",
  captions: [],
  speakers: [],
  slides_url: "",
  slide: { deck: "", page: 0, pages: 0 },
  urls: { state: "/state", ticket: "/ticket", socket: "/socket" },
  words: { elsewhere: "关掉不用的页面" },
};

test("dismissed for another page it stays out, says what to do, and comes back by a tap", async () => {
  const browser = new Browser();
  const { document } = browser;
  let loaded = 0;
  Object.assign(globalThis.location, { reload: () => loaded++ });
  browser.answers = () => ({ status: 200, body: { ticket: "t" } });
  document.getElementById("screen-data").textContent = JSON.stringify(DATA);
  await import("../src/screen/main");
  await browser.settle();
  FakeSocket.last.ends(4409);
  await browser.pass(120_000);
  assert.equal(loaded, 0);
  assert.equal(document.getElementById("cover-text").textContent, "关掉不用的页面");
  assert.equal(document.getElementById("here-step").hidden, false);
  document.getElementById("here-step").dispatch("click");
  assert.equal(loaded, 1);
  browser.leave();
});
