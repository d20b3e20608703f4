import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { ByeFrame, JoinedFrame } from "../src/lib/frames";
import { afterClose, backoff, RoomLine } from "../src/room/socket";
import { Browser, chance, FakeSocket } from "./browser";

let browser: Browser;
let told: string[];
let line: RoomLine;

beforeEach(() => {
  browser = new Browser();
  chance(0.5);
  told = [];
  browser.answers = () => ({ status: 200, body: { ticket: "T 1" } });
  line = new RoomLine(
    { ticket: "/ticket.json", socket: "/ws/live/7/" },
    {
      frame: (frame) => told.push(`frame ${frame.t}`),
      refused: (frame) => told.push(`refused ${frame.error}`),
      line: (word, why) => told.push(why ? `${word} ${why}` : word),
      joined: (frame) => told.push(`joined ${frame.seq}`),
    },
  );
});
afterEach(() => browser.leave());

function bye(reason: string, after: number | null = 0): ByeFrame {
  return { t: "bye", reason: reason as ByeFrame["reason"], after_ms: after };
}

const JOINED: JoinedFrame = {
  t: "joined",
  at: 5_000_000,
  seq: 3,
  state: "live",
  counted: true,
  you: 1,
  host: false,
  people: 2,
  picture: true,
  muted: false,
  ice: [],
  hand: false,
  chat: true,
  locked: false,
  stage: null,
  break_until: null,
  slide: { t: "slide", deck: "", page: 0, pages: 0 },
  speakers: [],
  seats: [],
  notes: [],
  waiting: null,
  recorded_since: null,
};

async function join(): Promise<void> {
  line.start();
  await browser.settle();
  FakeSocket.last.says(JOINED);
}

// How a socket ended, what was said before, how often the ticket was refused in a row; and what the page does.
const ENDS: [string, number, ByeFrame | null, number, ReturnType<typeof afterClose>][] = [
  ["removed", 4403, bye("removed", null), 1, "removed"],
  ["left on another page's wish", 1000, bye("left"), 0, "left"],
  ["opened in too many places", 4409, null, 0, "elsewhere"],
  ["opened in too many places, told before", 1000, bye("elsewhere", null), 0, "elsewhere"],
  ["no such lecture", 4404, null, 0, "cancelled"],
  ["cancelled", 1000, bye("cancelled", null), 0, "cancelled"],
  ["no right any more, for good", 4403, bye("rights", null), 1, "rights"],
  ["no right just now", 4403, bye("rights", 0), 1, {}],
  ["a ticket that did not fit", 4403, null, 3, {}],
  ["four in a row", 4403, null, 4, "rights"],
  ["the server restarts", 1012, null, 0, { line: "reconnecting", waitMs: 4000 }],
  ["full", 1013, null, 0, { line: "full", waitMs: 10_000 }],
  ["malformed", 4400, bye("malformed"), 0, { line: "reconnecting", waitMs: 5000 }],
  ["silent", 4408, bye("silent"), 0, {}],
  ["the line was lost", 1006, null, 0, {}],
  ["the server failed", 1011, null, 0, {}],
];
for (const [name, code, said, refusals, expected] of ENDS) {
  test(`socket closed ${code}: ${name}`, () => assert.deepEqual(afterClose(code, said, refusals), expected));
}

test("back-off: soon, then every few seconds, then wider to twenty", () => {
  const waits = Array.from({ length: 12 }, (_, index) => backoff(index + 1));
  assert.deepEqual(waits, [300, 600, 1200, 2400, 2400, 2400, 2400, 4800, 9600, 19_200, 20_000, 20_000]);
});
test("back-off: spread by half to both sides", () => {
  chance(0);
  assert.equal(backoff(1), 150);
  chance(1);
  assert.equal(backoff(1), 450);
});

test("socket: a ticket, then the room", async () => {
  await join();
  assert(browser.asked[0]);
  assert(/^\/ticket\.json\?device=[0-9a-f]{32}$/.test(browser.asked[0].url));
  assert.equal(FakeSocket.last.url, "wss://site/ws/live/7/?ticket=T%201");
  assert.deepEqual(told, ["joined 3", "good"]);
});

test("socket: it keeps the server's clock", async () => {
  assert.deepEqual([line.serverNow(), line.lastHeard()], [0, 0]);
  await join();
  await browser.pass(2000);
  assert.deepEqual([line.serverNow(), line.lastHeard()], [5_002_000, 5_000_000]);
});

test("socket: it beats every quarter minute", async () => {
  await join();
  for (let beats = 0; beats < 2; beats += 1) {
    await browser.pass(15_000);
    FakeSocket.last.says({ t: "counted", on: true });
  }
  assert.deepEqual(FakeSocket.last.sent, ['{"t":"beat"}', '{"t":"beat"}']);
});

test("socket: what cannot be read is passed over, an error is not the end", async () => {
  await join();
  FakeSocket.last.onmessage?.({ data: "{" });
  FakeSocket.last.says({ error: "muted", t: "chat", id: "a" });
  assert.deepEqual(told.slice(2), ["refused muted"]);
});

test("socket: weak after 8 s without a word, good with the next", async () => {
  await join();
  await browser.pass(8000);
  assert.equal(told[told.length - 1], "good");
  await browser.pass(1000);
  assert.equal(told[told.length - 1], "weak");
  FakeSocket.last.says({ t: "tick", seq: 4, people: 2, left_out: 0, events: [] });
  assert.deepEqual(told.slice(-2), ["frame tick", "good"]);
});

test("socket: given up after 20 s of silence, and opened anew", async () => {
  await join();
  const first = FakeSocket.last;
  await browser.pass(21_000);
  assert.deepEqual([told[told.length - 1], first.readyState], ["reconnecting", 3]);
  await browser.pass(1000);
  assert(FakeSocket.last !== first);
});

test("socket: a lost line comes back by itself, with a new ticket", async () => {
  await join();
  FakeSocket.last.ends(1006);
  assert.equal(told[told.length - 1], "reconnecting");
  await browser.pass(500);
  assert.equal(FakeSocket.made.length, 2);
  FakeSocket.last.says({ ...JOINED, seq: 9 });
  assert.deepEqual(told.slice(-2), ["joined 9", "good"]);
});

test("socket: what an older socket says late is not heard", async () => {
  await join();
  const old = FakeSocket.last;
  await browser.pass(21_500);
  const before = told.length;
  old.says({ t: "counted", on: true });
  old.ends(4409);
  assert.equal(told.length, before);
});

test("socket: opened elsewhere it stays closed", async () => {
  await join();
  FakeSocket.last.says(bye("elsewhere", null));
  FakeSocket.last.ends(4409);
  await browser.pass(60_000);
  assert.equal(told[told.length - 1], "closed elsewhere");
  assert.equal(FakeSocket.made.length, 1);
  browser.online(true);
  await browser.pass(5000);
  assert.equal(FakeSocket.made.length, 1, "nor is it opened when a network comes");
});

test("socket: while there is no network it says so, and is back with it", async () => {
  await join();
  browser.online(false);
  await browser.settle();
  assert.equal(told[told.length - 1], "offline");
  browser.online(true);
  await browser.pass(250);
  assert.equal(FakeSocket.made.length, 2);
});

test("socket: a LAN without a way out is a line, whatever the browser says", async () => {
  browser.isLan = true;
  await join();
  browser.online(false);
  await browser.pass(1000);
  assert.equal(told[told.length - 1], "good");
  browser.isLan = false;
  browser.online(false);
  await browser.settle();
  assert.equal(told[told.length - 1], "offline");
  browser.isLan = true;
  await browser.pass(6000);
  assert.equal(FakeSocket.made.length, 2, "and comes back without the browser's word");
});

test("socket: nothing goes out while it is closed", async () => {
  assert.equal(line.send({ t: "beat" }), false);
  await join();
  assert.equal(line.send({ t: "beat" }), true);
  FakeSocket.last.ends(1006);
  assert.equal(line.send({ t: "beat" }), false);
});

test("socket: what was pressed without a line goes out with the next, if that comes soon", async () => {
  const late = (): void => void told.push("late");
  line.sendSoon({ t: "lower", member: 4 }, late);
  await join();
  line.sendSoon({ t: "lower_all" }, late);
  assert.deepEqual(FakeSocket.last.sent, ['{"t":"lower","member":4}', '{"t":"lower_all"}']);
  browser.answers = () => ({ status: 503 });
  FakeSocket.last.ends(1006);
  line.sendSoon({ t: "lower_all" }, late);
  await browser.pass(11_000);
  assert.equal(told.filter((word) => word === "late").length, 1);
  browser.answers = () => ({ status: 200, body: { ticket: "T 2" } });
  await browser.pass(20_000);
  FakeSocket.last.says(JOINED);
  assert(!FakeSocket.last.sent.includes('{"t":"lower_all"}'));
});

const TICKETS: [number, string, number][] = [
  [401, "closed signed_out", 1],
  [404, "closed rights", 1],
  [503, "reconnecting", 5],
];
for (const [status, word, least] of TICKETS) {
  test(`socket: a ticket answered ${status}: ${word}`, async () => {
    browser.answers = () => ({ status });
    line.start();
    await browser.pass(10_000);
    assert.equal(told[told.length - 1], word);
    assert(least === 1 ? browser.asked.length === 1 : browser.asked.length >= least, `asked ${browser.asked.length}`);
  });
}

test("socket: four tickets in a row that do not fit are a right that is gone", async () => {
  line.start();
  for (let times = 0; times < 4; times += 1) {
    await browser.pass(3000);
    FakeSocket.last.ends(4403);
  }
  assert.equal(told[told.length - 1], "closed rights");
});

test("a page that may not be led by its person any more stays closed", async () => {
  await join();
  line.stop("rights");
  FakeSocket.last.says({ t: "counted", on: true });
  await browser.pass(60_000);
  assert.deepEqual(told.slice(-1), ["closed rights"]);
  assert.equal(line.send({ t: "beat" }), false);
});
