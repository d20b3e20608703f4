/** What the member's room takes of an answer that was asked for before something was said. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SlideEvent } from "../src/lib/frames";
import type { PageEvent } from "../src/room/feed";
import type { RoomState } from "../src/room/page";
import { type Answer, type Part, Standing } from "../src/room/standing";

const SLIDE: SlideEvent = { t: "slide", deck: "d", page: 2, pages: 9 };
const EACH: [Part, PageEvent][] = [
  ["slide", SLIDE],
  ["speakers", { t: "speakers", speakers: [] }],
  ["captions", { t: "captions", lines: [1], texts: ["一"] }],
  ["captions", { t: "caption_dropped", line: 1 }],
  ["talk", { t: "room", chat: false, locked: false }],
];

/** A server that answers when the test says so. */
class Server {
  readonly waiting: (() => void)[] = [];
  readonly taken: Answer[] = [];
  readonly standing = new Standing(
    () => new Promise((resolve) => this.waiting.push(() => resolve({} as RoomState))),
    (answer) => this.taken.push(answer),
  );

  async answers(place: number): Promise<void> {
    this.waiting[place]?.();
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  }

  old(): Part[] {
    const parts: Part[] = ["slide", "speakers", "captions", "talk"];
    return parts.filter((part) => this.taken[this.taken.length - 1]?.isOld(part));
  }
}

for (const [part, event] of EACH) {
  test(`${event.t}: said while the page asks, the answer's own is left out, and the rest taken`, async () => {
    const server = new Server();
    server.standing.event(event);
    void server.standing.catchUp();
    server.standing.event(event);
    await server.answers(0);
    assert.deepEqual([server.taken.length, server.old()], [1, [part]]);
    void server.standing.catchUp();
    await server.answers(1);
    assert.deepEqual([server.taken.length, server.old()], [2, []]);
  });
}

test("a member who was let speak while the page asks is not stopped by the answer", async () => {
  const server = new Server();
  void server.standing.catchUp();
  server.standing.heard("speakers");
  await server.answers(0);
  assert.deepEqual(server.old(), ["speakers"]);
});

test("an answer from before a break, another state, or the return of the line is asked for again", async () => {
  const events: PageEvent[] = [
    { t: "state", state: "ended" },
    { t: "break", until: 1 },
  ];
  for (const event of events) {
    const server = new Server();
    void server.standing.catchUp();
    server.standing.event(event);
    await server.answers(0);
    assert.deepEqual([server.taken.length, server.waiting.length], [0, 2]);
    await server.answers(1);
    assert.equal(server.taken.length, 1);
  }
  const server = new Server();
  void server.standing.catchUp();
  server.standing.joined();
  void server.standing.catchUp();
  await server.answers(0);
  await server.answers(1);
  assert.deepEqual([server.taken.length, server.waiting.length], [1, 2]);
});
