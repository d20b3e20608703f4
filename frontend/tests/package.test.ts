import assert from "node:assert/strict";
import { test } from "node:test";
import * as library12 from "scorm-again/scorm12";
import * as library2004 from "scorm-again/scorm2004";
import { HttpError } from "../src/lib/http";
import {
  clockOf,
  endEarly,
  facade,
  type Given,
  LEAVE,
  nameOf,
  readMessage,
  type Start,
  type State,
  scoreOf,
  startOf,
  statusOf,
  values12,
  values2004,
} from "../src/lib/scorm";
import { type Around, Keeper, type Report } from "../src/package/keeper";

const STATE: State = { status: "incomplete", success: "", score: null, location: "3", suspend: "x", total_ms: 5 };

test("a frame's name carries how far somebody was, and other names carry nothing", () => {
  const start: Start = { ...STATE, given: { passing: "80" } };
  assert.deepEqual(startOf(nameOf(start)), start);
  assert.equal(startOf("main"), null);
  assert.equal(startOf("scorm:{"), null);
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
  const left: string[] = [];
  const runs: (() => void)[] = [];
  const object = facade({
    verbs: ["Set", "Commit", "Finish"],
    set: "Set",
    commit: "Commit",
    finish: "Finish",
    exit: "exit",
    leaves: (how) => left.push(how),
    api: { Set: () => "true", Commit: () => "true", Finish: () => "true" },
    tell: (final) => told.push(final),
    later: (run) => runs.push(run),
    cancel: () => undefined,
  });
  assert.equal(object.Set?.("a", "1"), "true");
  object.Set?.("b", "2");
  object.Set?.("exit", "suspend");
  assert.deepEqual(left, ["suspend"]);
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
  const around: Around = {
    send: (report) => {
      sent.push(report);
      return (answers.shift() as () => Promise<{ revision: number }>)();
    },
    store: (report) => stored.push(report),
    said: (word, why) => said.push(why || word),
    id: () => String(sent.length),
    later: (run) => runs.push(run),
  };
  const keeper = new Keeper(around, 1, 0);
  return { keeper, sent, said, stored, runs, around };
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

test("whoever is asked to wait is told so, waits so long, and goes on with the same report", async () => {
  const waits: number[] = [];
  const { keeper, sent, said, runs, around } = keeperWith([
    () => Promise.reject(new HttpError(429, "limited", "保存得太勤", 45_000)),
    () => Promise.reject(new HttpError(0, "offline", "")),
    async () => ({ revision: 1 }),
  ]);
  around.later = (run, ms) => {
    runs.push(run);
    waits.push(ms);
  };
  keeper.keep(STATE);
  await settled();
  assert.equal(said[said.length - 1], "保存得太勤");
  assert.equal((waits[0] ?? 0) >= 45_000, true);
  runs[0]?.();
  await settled();
  assert.equal(said[said.length - 1], "waiting");
  keeper.again(); // the line is back
  await settled();
  runs[1]?.(); // the wait that it made needless
  await settled();
  assert.deepEqual(
    sent.map((one) => one.id),
    ["0", "0", "0"],
  );
  assert.equal(said[said.length - 1], "saved");
});

test("what comes while another is on its way names it, so that it follows after the page was lost", () => {
  const { keeper, sent, stored } = keeperWith([() => new Promise(() => undefined)]);
  keeper.keep(STATE);
  keeper.keep({ ...STATE, location: "4" });
  const left = stored[stored.length - 1];
  assert.deepEqual([left?.location, left?.after, left?.id], ["4", sent[0]?.id, ""]);
});

test("what is too much to remember is not kept, all else is, and it is not asked again each time", async () => {
  const { keeper, sent, said } = keeperWith([
    async () => ({ revision: 1 }),
    () => Promise.reject(new HttpError(400, "large", "太多")),
    async () => ({ revision: 2 }),
    async () => ({ revision: 3 }),
    async () => ({ revision: 4 }),
  ]);
  const steps = [
    { ...STATE, suspend: "ab" },
    { ...STATE, suspend: "abcdef", location: "4" },
    { ...STATE, suspend: "abcdefg", location: "5" },
    { ...STATE, suspend: "abc", location: "6" },
  ];
  const last: (string | undefined)[] = [];
  for (const step of steps) {
    keeper.keep(step);
    await settled();
    await settled();
    last.push(said[said.length - 1]);
  }
  assert.deepEqual(
    sent.map((one) => [one.location, one.suspend, one.seen]),
    [
      ["3", "ab", 0],
      ["4", "abcdef", 1],
      ["4", "ab", 1],
      ["5", "ab", 2],
      ["6", "abc", 3],
    ],
  );
  assert.equal(sent[1]?.id === sent[2]?.id, false);
  assert.deepEqual(last, ["saved", "太多", "太多", "saved"]);
});

type Library = Record<string, (...values: string[]) => string> & { loadFromFlattenedJSON(v: object, at: string): void };

function played(kind: "12" | "2004", given: Partial<Given>, run: (api: Library) => void, before = START): Library {
  const settings = { autocommit: false, lmsCommitUrl: false, logLevel: 5 };
  const made = { ...(library12 as object), ...(library2004 as object) } as Record<string, new (s: object) => Library>;
  const api = new (made[`Scorm${kind}API`] as new (s: object) => Library)(settings);
  const start: Start = { ...before, given };
  api.loadFromFlattenedJSON(kind === "12" ? values12(start) : values2004(start), "");
  assert.equal(kind === "12" ? api.LMSInitialize?.("") : api.Initialize?.(""), "true");
  run(api);
  return api;
}
const START: State = { status: "", success: "", score: null, location: "", suspend: "", total_ms: 0 };

for (const [score, status] of [
  ["79", "failed"],
  ["80", "passed"],
]) {
  test(`SCORM 1.2: a package that leaves the status to us is ${status} with ${score} of 80`, () => {
    const api = played("12", { passing: "80" }, (one) => {
      one.LMSSetValue?.("cmi.core.score.raw", score as string);
      one.LMSFinish?.("");
    });
    assert.equal((api as unknown as { cmi: { core: { lesson_status: string } } }).cmi.core.lesson_status, status);
  });
}

test("SCORM 1.2: what the manifest gives is what the package asks for", () => {
  const given = { passing: "80", launch_data: "a=1\n章", max_time: "00:30:00", at_limit: "exit,message" };
  played("12", given, (api) => {
    assert.equal(api.LMSGetValue?.("cmi.launch_data"), "a=1\n章");
    assert.equal(api.LMSGetValue?.("cmi.student_data.mastery_score"), "80");
    assert.equal(api.LMSGetValue?.("cmi.student_data.max_time_allowed"), "00:30:00");
    assert.equal(api.LMSGetValue?.("cmi.student_data.time_limit_action"), "exit,message");
    assert.equal(api.LMSGetValue?.("cmi.core.entry"), "ab-initio");
  });
});

test("SCORM 1.2: without a word it is completed as it ends, and where it was it stays", () => {
  const api = played("12", {}, (one) => one.LMSFinish?.(""));
  const status = (api as unknown as { cmi: { core: { lesson_status: string } } }).cmi.core.lesson_status;
  assert.deepEqual([statusOf(status, true), statusOf(status, false)], ["completed", "not attempted"]);
  assert.deepEqual([statusOf("unknown", true), statusOf("incomplete", true)], ["completed", "incomplete"]);
  played("12", {}, (one) => assert.equal(one.LMSGetValue?.("cmi.core.lesson_location"), "3"), STATE);
});

for (const [share, progress, success, completion] of [
  ["0.79", "0.5", "failed", "incomplete"],
  ["0.8", "0.9", "passed", "completed"],
]) {
  test(`SCORM 2004: ${share} of 0.8 is ${success}, ${progress} of 0.9 is ${completion}`, () => {
    const given = { passing: "0.8", threshold: "0.9", launch_data: "x", max_time: "PT30M", at_limit: "exit,message" };
    const api = played("2004", given, (one) => {
      assert.equal(one.GetValue?.("cmi.launch_data"), "x");
      assert.equal(one.GetValue?.("cmi.scaled_passing_score"), "0.8");
      assert.equal(one.GetValue?.("cmi.completion_threshold"), "0.9");
      assert.equal(one.GetValue?.("cmi.max_time_allowed"), "PT30M");
      assert.equal(one.GetValue?.("cmi.time_limit_action"), "exit,message");
      one.SetValue?.("cmi.score.scaled", share as string);
      one.SetValue?.("cmi.progress_measure", progress as string);
      one.Terminate?.("");
    });
    const { cmi } = api as unknown as { cmi: { success_status: string; completion_status: string } };
    assert.deepEqual([cmi.success_status, cmi.completion_status], [success, completion]);
  });
}

test("an old page after an upgrade keeps what it could not send, and says so", async () => {
  const { sent, said, stored, around } = keeperWith([
    () => Promise.reject(new HttpError(404, "not_found", "没有找到这一页。")),
  ]);
  const keeper = new Keeper(around, 1, 0, "", "网站刚刚更新过");
  keeper.keep(STATE);
  await settled();
  assert.equal(sent.length, 1);
  assert.equal(said[said.length - 1], "网站刚刚更新过");
  assert.equal(stored[stored.length - 1]?.location, "3");
});

test("what the server says with a kept report is said", async () => {
  const { keeper, said } = keeperWith([async () => ({ revision: 1, note: "先学完这一版" })]);
  keeper.keep(STATE);
  await settled();
  assert.equal(said[said.length - 1], "先学完这一版");
});
