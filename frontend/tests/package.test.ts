import assert from "node:assert/strict";
import { test } from "node:test";
import { HttpError } from "../src/lib/http";
import { clockOf, endEarly, facade, LEAVE, nameOf, readMessage, type State, scoreOf, stateOf } from "../src/lib/scorm";
import { Keeper, type Report } from "../src/package/keeper";

const STATE: State = { status: "incomplete", success: "", score: null, location: "3", suspend: "x", total_ms: 5 };

test("a frame's name carries how far somebody was, and other names carry nothing", () => {
  assert.deepEqual(stateOf(nameOf(STATE)), STATE);
  assert.equal(stateOf("main"), null);
  assert.equal(stateOf("scorm:{"), null);
});

test("only whole messages are heard", () => {
  const said = { kind: "scorm", ...STATE, final: true };
  assert.deepEqual(readMessage(said), said);
  for (const wrong of [null, "x", {}, { ...said, kind: "x" }, { ...said, score: "1" }, { ...said, total_ms: -1 }]) {
    assert.equal(readMessage(wrong), null);
  }
  assert.equal(readMessage({ ...said, suspend: 1 }), null);
});

test("times and scores are written as SCORM has them", () => {
  assert.equal(clockOf(3_661_000), "01:01:01");
  assert.deepEqual([scoreOf(""), scoreOf("85"), scoreOf("x")], [null, 85, null]);
});

test("the page is told once of many values, and at once of the end", () => {
  const told: boolean[] = [];
  const runs: (() => void)[] = [];
  const object = facade({
    verbs: ["Set", "Commit", "Finish"],
    set: "Set",
    commit: "Commit",
    finish: "Finish",
    api: { Set: () => "true", Commit: () => "true", Finish: () => "true" },
    tell: (final) => told.push(final),
    later: (run) => runs.push(run),
    cancel: () => undefined,
  });
  assert.equal(object.Set?.("a", "1"), "true");
  object.Set?.("b", "2");
  assert.equal(runs.length, 1);
  runs[0]?.();
  object.Commit?.();
  object.Finish?.();
  assert.deepEqual(told, [false, false, true]);
});

function keeperWith(answers: (() => Promise<{ revision: number }>)[]) {
  const sent: Report[] = [];
  const said: string[] = [];
  const stored: (Report | null)[] = [];
  const runs: (() => void)[] = [];
  const keeper = new Keeper(
    {
      send: (report) => {
        sent.push(report);
        return (answers.shift() as () => Promise<{ revision: number }>)();
      },
      store: (report) => stored.push(report),
      said: (word, why) => said.push(why || word),
      id: () => String(sent.length),
      later: (run) => runs.push(run),
    },
    1,
    0,
  );
  return { keeper, sent, said, stored, runs };
}
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

test("one report at a time, the newest state alone, and each builds on what was acknowledged", async () => {
  const { keeper, sent, said, stored } = keeperWith([async () => ({ revision: 1 }), async () => ({ revision: 2 })]);
  keeper.keep(STATE);
  keeper.keep({ ...STATE, location: "4" });
  keeper.keep({ ...STATE, location: "5" });
  await settled();
  await settled();
  assert.deepEqual(
    sent.map((one) => [one.location, one.seen]),
    [
      ["3", 0],
      ["5", 1],
    ],
  );
  assert.equal(said[said.length - 1], "saved");
  assert.equal(stored[stored.length - 1], null);
});

test("without a network the same report goes again; where somebody else was, it stops and says so", async () => {
  const { keeper, sent, said, runs } = keeperWith([
    () => Promise.reject(new HttpError(0, "offline", "")),
    () => Promise.reject(new HttpError(409, "newer", "另一台")),
  ]);
  keeper.keep(STATE);
  await settled();
  assert.equal(said[said.length - 1], "waiting");
  runs[0]?.();
  await settled();
  assert.equal(sent[0]?.id, sent[1]?.id);
  assert.equal(said[said.length - 1], "另一台");
  keeper.keep(STATE);
  assert.equal(sent.length, 2);
});

test("what an earlier page left goes by its own id", async () => {
  const { keeper, sent, stored } = keeperWith([async () => ({ revision: 1 })]);
  keeper.resend({ ...STATE, id: "before", version: 1, seen: 0 });
  assert.equal(stored[0]?.id, "before");
  await settled();
  assert.deepEqual(
    sent.map((one) => one.id),
    ["before"],
  );
});

test("what a package says in unload is said once, before its window goes", () => {
  const said: string[] = [];
  const heard = new Map<string, (event: Event) => void>();
  const frame = {
    onunload: (() => said.push("attribute")) as unknown,
    addEventListener: (kind: string, run: (event: Event) => void) => heard.set(kind, run),
  };
  const around = {} as Window;
  endEarly(frame as unknown as Window, around);
  frame.addEventListener("unload", () => said.push("listener"));
  frame.addEventListener("click", () => said.push("click"));
  assert.deepEqual([...heard.keys()], ["beforeunload", "pagehide", "message", "click"]);
  const told = (source: unknown, data: string): void => heard.get("message")?.({ source, data } as MessageEvent);
  told({}, LEAVE);
  told(around, "x");
  assert.deepEqual(said, [], "nobody else ends it");
  told(around, LEAVE);
  for (const kind of ["beforeunload", "pagehide"]) heard.get(kind)?.({} as Event);
  assert.deepEqual(said, ["listener", "attribute"]);
});
