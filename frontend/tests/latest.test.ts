/** Answers that come in another order than the questions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Look } from "../src/lib/latest";

/** A server that answers when the test says so. */
class Server {
  readonly waiting: { answer(text: string): void; fail(): void }[] = [];
  readonly taken: string[] = [];
  readonly look = new Look(
    () =>
      new Promise<string>((resolve, reject) => {
        this.waiting.push({ answer: resolve, fail: () => reject(new Error("down")) });
      }),
    (text) => this.taken.push(text),
  );

  async answers(place: number, text: string): Promise<void> {
    this.waiting[place]?.answer(text);
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  }
}

test("an answer that was overtaken by a later one is dropped", async () => {
  const server = new Server();
  void server.look.now();
  void server.look.now();
  await server.answers(1, "assistant");
  await server.answers(0, "presenter");
  assert.deepEqual([server.taken, server.waiting.length], [["assistant"], 2]);
});

test("answers that come in their order are all taken", async () => {
  const server = new Server();
  void server.look.now();
  void server.look.now();
  await server.answers(0, "one");
  await server.answers(1, "two");
  assert.deepEqual(server.taken, ["one", "two"]);
});

test("an answer from before an event is dropped, and asked for once more", async () => {
  const server = new Server();
  void server.look.now();
  server.look.changed();
  await server.answers(0, "presenter");
  assert.deepEqual([server.taken, server.waiting.length], [[], 2]);
  await server.answers(1, "assistant");
  assert.deepEqual(server.taken, ["assistant"]);
});

test("where the event's own question is under way, no other is asked", async () => {
  const server = new Server();
  void server.look.now();
  server.look.changed();
  void server.look.now();
  await server.answers(0, "presenter");
  await server.answers(1, "assistant");
  assert.deepEqual([server.taken, server.waiting.length], [["assistant"], 2]);
});

test("a question that failed leaves the answers of the others", async () => {
  const server = new Server();
  void server.look.now();
  const failed = server.look.now().catch((error: Error) => error.message);
  server.waiting[1]?.fail();
  assert.equal(await failed, "down");
  const later = server.look.catchUp();
  server.waiting[2]?.fail();
  await later;
  await server.answers(0, "presenter");
  assert.deepEqual(server.taken, ["presenter"]);
});
