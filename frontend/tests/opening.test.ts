/** Devices that come when nobody waits for them any more. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Opening } from "../src/host/opening";

class Stream {
  isOn = true;

  getTracks(): { stop(): void }[] {
    return [
      {
        stop: () => {
          this.isOn = false;
        },
      },
    ];
  }
}

/** The browser asks the person, who answers later. */
class Permission {
  readonly stream = new Stream();
  give!: () => void;
  refuse!: () => void;
  readonly given = new Promise<Stream>((resolve, reject) => {
    this.give = () => resolve(this.stream);
    this.refuse = () => reject(new Error("denied"));
  });
}

test("devices that are waited for are open", async () => {
  const asked = new Permission();
  const opened = new Opening().ask(() => asked.given);
  asked.give();
  assert.equal(await opened, asked.stream);
  assert.equal(asked.stream.isOn, true);
});

test("whoever became an assistant, or ended the lecture, while the browser asked has no open devices", async () => {
  const opening = new Opening();
  const asked = new Permission();
  const opened = opening.ask(() => asked.given);
  opening.callOff();
  asked.give();
  assert.equal(await opened, null);
  assert.equal(asked.stream.isOn, false);
});

test("of two questions the later one counts, whichever is answered first", async () => {
  const opening = new Opening();
  const [first, second] = [new Permission(), new Permission()];
  const opened = [opening.ask(() => first.given), opening.ask(() => second.given)];
  second.give();
  first.give();
  assert.deepEqual(await Promise.all(opened), [null, second.stream]);
  assert.deepEqual([first.stream.isOn, second.stream.isOn], [false, true]);
});

test("why a question failed is said only while it counts", async () => {
  const opening = new Opening();
  const [first, second] = [new Permission(), new Permission()];
  const overtaken = opening.ask(() => first.given);
  const counts = opening.ask(() => second.given);
  first.refuse();
  second.refuse();
  assert.equal(await overtaken, null);
  const why = await counts.catch((error: Error) => error.message);
  assert.equal(why, "denied");
});
