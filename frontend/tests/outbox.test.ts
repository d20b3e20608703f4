import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { type Entry, KEPT_MS, memoryStore, Outbox, phoneStore, waitBefore } from "../src/lib/outbox";
import { type Answer, type Asked, Browser, chance } from "./browser";

let browser: Browser;

beforeEach(() => {
  browser = new Browser();
  chance(0.5);
});
afterEach(() => browser.leave());

const ENTRY: Entry = {
  id: "c",
  url: "/asked",
  body: {},
  owner: "wang",
  createdAt: Date.now(),
  tries: 0,
  nextAt: 0,
};

function answer(...answers: (Answer | "down")[]): void {
  let index = 0;
  browser.answers = () => answers[Math.min(index++, answers.length - 1)] ?? "down";
}

function kept(): Entry[] {
  return phoneStore().all();
}

function sent(): unknown[] {
  return browser.asked.map(({ body }: Asked) => body.n);
}

test("outbox: kept before it is sent, gone when it is acknowledged", async () => {
  const outbox = new Outbox({ owner: "wang" });
  const id = outbox.add("/report", { n: 1 });
  assert.deepEqual(
    kept().map(({ id, owner }) => ({ id, owner })),
    [{ id, owner: "wang" }],
  );
  await browser.settle();
  assert.deepEqual(browser.asked, [{ url: "/report", body: { n: 1, id } }]);
  assert.equal(outbox.waiting(), 0);
});

test("outbox: the acknowledgement comes with the server's answer", async () => {
  const told: unknown[] = [];
  answer({ status: 200, body: { credited: 5 } });
  new Outbox({ owner: "wang", onAcknowledged: (entry, body) => told.push([entry.id, body]) }).add("/report", {}, "a");
  await browser.settle();
  assert.deepEqual(told, [["a", { credited: 5 }]]);
});

test("outbox: without a line it stays, and goes with the same id when the line is back", async () => {
  browser.navigator.onLine = false;
  const outbox = new Outbox({ owner: "wang" });
  outbox.add("/report", { n: 1 }, "a");
  await browser.settle();
  assert.deepEqual([browser.asked.length, outbox.waiting()], [0, 1]);
  browser.online(true);
  await browser.settle();
  assert.deepEqual(browser.asked[0]?.body, { n: 1, id: "a" });
  assert.equal(outbox.waiting(), 0);
});

test("outbox: an answer that did not come is waited for longer each time", async () => {
  answer("down");
  const outbox = new Outbox({ owner: "wang" });
  outbox.add("/report", { n: 1 }, "a");
  await browser.settle();
  const waits: number[] = [];
  for (let times = 0; times < 4; times += 1) {
    const wait = (kept()[0]?.nextAt ?? 0) - Date.now();
    waits.push(wait);
    await browser.pass(wait);
  }
  assert.deepEqual(waits, [2000, 4000, 8000, 16_000]);
  assert.equal(browser.asked.length, 5);
});

test("outbox: an island's own entries are sent by it alone, and by anybody where it is not", async () => {
  browser.navigator.onLine = false;
  const heard: string[] = [];
  const hear = (who: string) => (entry: Entry) => heard.push(`${who} ${entry.id}`);
  new Outbox({ owner: "wang", onAcknowledged: hear("player") }).add("/report", {}, "a");
  new Outbox({ owner: "wang", island: "asked", onAcknowledged: hear("asked") }).add("/asked", {}, "b");
  browser.online(true);
  await browser.settle();
  assert.deepEqual(heard.sort(), ["asked b", "player a"]);
  browser.leave();
  browser = new Browser();
  phoneStore().put({ ...ENTRY, island: "asked" });
  new Outbox({ owner: "wang", onAcknowledged: hear("another page") });
  await browser.settle();
  assert.equal(heard[2], "another page c");
});

// What the server answers: whether the entry stays, and who is told.
const ANSWERS: [number, boolean, string][] = [
  [200, false, "acknowledged"],
  [204, false, "acknowledged"],
  [400, false, "refused"],
  [401, true, "signed out"],
  [403, true, ""],
  [404, false, "refused"],
  [408, true, ""],
  [409, false, "refused"],
  [429, true, ""],
  [500, true, ""],
  [503, true, ""],
];
for (const [status, stays, expected] of ANSWERS) {
  test(`outbox: answered ${status} it ${stays ? "stays" : "goes"}`, async () => {
    const told: string[] = [];
    answer({ status });
    const outbox = new Outbox({
      owner: "wang",
      onAcknowledged: () => told.push("acknowledged"),
      onRefused: () => told.push("refused"),
      onSignedOut: () => told.push("signed out"),
    });
    outbox.add("/report", {});
    await browser.settle();
    assert.deepEqual([outbox.waiting() === 1, told.join()], [stays, expected]);
  });
}

test("outbox: the oldest first, and after the first that does not get through none", async () => {
  browser.navigator.onLine = false;
  const outbox = new Outbox({ owner: "wang" });
  for (const n of [1, 2, 3]) {
    outbox.add("/report", { n });
    await browser.pass(250);
  }
  answer({ status: 200 }, "down");
  browser.online(true);
  await browser.settle();
  assert.deepEqual(sent(), [1, 2]);
  assert.equal(outbox.waiting(), 2);
});

test("outbox: one that a server cannot take does not hold up the others", async () => {
  browser.navigator.onLine = false;
  const outbox = new Outbox({ owner: "wang" });
  for (const n of [1, 2]) {
    outbox.add("/report", { n });
    await browser.pass(250);
  }
  answer({ status: 503 }, { status: 200 });
  browser.online(true);
  await browser.settle();
  assert.deepEqual(sent(), [1, 2]);
  assert.equal(outbox.waiting(), 1);
});

test("outbox: what grew on its way keeps what it has grown to", async () => {
  answer("down");
  const outbox = new Outbox({ owner: "wang" });
  outbox.add("/report", { n: 1 }, "a");
  outbox.add("/report", { n: 2 }, "a");
  await browser.settle();
  assert.deepEqual(
    kept().map(({ body }) => body.n),
    [2],
  );
});

test("outbox: what was forgotten on its way does not come back", async () => {
  answer("down");
  const outbox = new Outbox({ owner: "wang" });
  outbox.add("/report", {}, "a");
  outbox.forget("a");
  await browser.settle();
  assert.equal(outbox.waiting(), 0);
});

test("outbox: a phone that changed hands sends nobody else's", async () => {
  browser.navigator.onLine = false;
  new Outbox({ owner: "wang" }).add("/report", { n: 1 });
  await browser.settle();
  browser.navigator.onLine = true;
  const outbox = new Outbox({ owner: "li" });
  await browser.settle();
  assert.deepEqual([browser.asked.length, outbox.waiting(), kept().length], [0, 0, 1]);
});

test("outbox: given up after a day", async () => {
  browser.navigator.onLine = false;
  const outbox = new Outbox({ owner: "wang" });
  outbox.add("/report", {});
  const entry = kept()[0];
  assert(entry);
  phoneStore().put({ ...entry, createdAt: Date.now() - KEPT_MS - 1 });
  browser.online(true);
  await browser.settle();
  assert.deepEqual([browser.asked.length, outbox.waiting()], [0, 0]);
});

test("outbox: as the page goes it is kept, sent at once, and gone when that arrives", async () => {
  const outbox = new Outbox({ owner: "wang" });
  await browser.settle();
  outbox.addLast("/report", { n: 9 }, "z");
  assert.deepEqual([kept().length, sent()], [1, [9]]);
  await browser.settle();
  assert.equal(kept().length, 0);
});

test("outbox: where storage is refused it waits in memory", async () => {
  browser.localStorage.isRefused = true;
  answer("down");
  const outbox = new Outbox({ owner: "wang" });
  outbox.add("/report", {});
  await browser.settle();
  assert.equal(outbox.waiting(), 1);
});

test("outbox: what is no entry is passed over", () => {
  browser.localStorage.items.set("outbox:x", "{broken");
  browser.localStorage.items.set("outbox:y", '{"id":"y"}');
  browser.localStorage.items.set("other", '{"id":"z","url":"/","body":{}}');
  assert.deepEqual(kept(), []);
});

test("outbox: a store gives copies", () => {
  const store = memoryStore();
  const entry: Entry = { id: "a", url: "/", body: {}, owner: "", createdAt: 0, tries: 0, nextAt: 0 };
  store.put(entry);
  entry.tries = 5;
  assert.equal(store.all()[0]?.tries, 0);
});

const WAITS: [number, number][] = [
  [1, 2000],
  [2, 4000],
  [5, 32_000],
  [8, 256_000],
  [9, 300_000],
  [40, 300_000],
];
for (const [tries, ms] of WAITS) {
  test(`outbox: before try ${tries}: ${ms} ms, a quarter more or less`, () => {
    assert.equal(waitBefore(tries), ms);
    chance(0);
    assert.equal(waitBefore(tries), ms * 0.75);
    chance(1);
    assert.equal(waitBefore(tries), ms * 1.25);
  });
}
