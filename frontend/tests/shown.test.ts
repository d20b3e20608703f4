/** Which sentence stands where: the member's room and the lecturer's desk. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { closedWord, type DeskFacts, deskWord, isGood } from "../src/host/desk";
import type { ChatEvent, JoinedFrame, RoomEvent, TickFrame } from "../src/lib/frames";
import { Feed } from "../src/room/feed";
import { Outage } from "../src/room/outage";
import {
  type CoverFacts,
  closedSaid,
  coverSaid,
  liveSaid,
  type Said,
  type StatusFacts,
  statusWord,
} from "../src/room/shown";
import { pauseBefore } from "../src/room/verdict";

const STATUS: StatusFacts = {
  state: "live",
  line: "good",
  isExpected: true,
  isCounted: true,
  hand: false,
  isHidden: false,
  isBreak: false,
  isDeaf: false,
};
const STATUSES: [string, Partial<StatusFacts>, string][] = [
  ["all is well", {}, "good"],
  ["on the stage without the lecturer's voice", { isDeaf: true }, "deaf"],
  ["without a line the rest is small", { isDeaf: true, line: "offline" }, "offline"],
  ["not on the roster", { isExpected: false }, "good_uncounted"],
  ["a hand is up", { hand: true }, "hand_up"],
  ["before it begins", { state: "scheduled" }, "waiting_room"],
  ["in a break nothing is recorded", { isBreak: true }, "good_break"],
  ["not counted because it is hidden", { isCounted: false, isHidden: true }, "hidden"],
  ["not counted yet", { isCounted: false }, "connecting"],
  ["weak", { line: "weak" }, "weak"],
  ["without a network a hand is not what matters", { line: "offline", hand: true }, "offline"],
  ["full", { line: "full" }, "full"],
  ["locked: the cover says it", { line: "locked" }, ""],
  ["closed: the cover says it", { line: "closed" }, ""],
  ["over", { state: "ended", line: "reconnecting" }, ""],
];
for (const [name, facts, word] of STATUSES) {
  test(`status: ${name}`, () => assert.equal(statusWord({ ...STATUS, ...facts }), word));
}

test("the clock at the picture does not go on in a break", () => {
  const facts = { liveAt: 1000, isBreak: false, now: 62_000 };
  assert.deepEqual(liveSaid(facts), { word: "live_for", values: { time: "01:01" } });
  assert.deepEqual(liveSaid({ ...facts, isBreak: true }), { word: "in_break" });
  assert.equal(liveSaid({ ...facts, liveAt: null }), null);
});

const MINUTE = 60_000;
const START = 1_000 * MINUTE;
const COVER: CoverFacts = {
  breakUntil: null,
  state: "live",
  line: "good",
  media: "playing",
  audioOnly: false,
  voidReason: "",
  now: START,
  startsAt: START,
  endsAt: START + 60 * MINUTE,
};
const COVERS: [string, Partial<CoverFacts>, Said | null][] = [
  ["the picture", {}, null],
  ["a button that starts it", { media: "blocked" }, null],
  ["sound alone", { audioOnly: true }, { word: "sound_only_on" }],
  ["before the first picture", { media: "idle" }, { word: "loading" }],
  ["tried in another way", { media: "trying" }, { word: "trying" }],
  ["the lecturer has none", { media: "no_picture" }, { word: "no_picture" }],
  ["offline: the line below says it", { media: "trying", line: "offline" }, { word: "" }],
  ["offline, but the buffer plays", { line: "offline" }, null],
  ["a break", { breakUntil: START + 90_500, media: "idle" }, { word: "on_break", values: { time: "01:31" } }],
  ["a break that is over", { breakUntil: START, media: "idle" }, { word: "break_over" }],
  ["an end in a break", { state: "ended", breakUntil: START + MINUTE }, { word: "ended", values: { reason: "" } }],
  ["recorded", { state: "recorded" }, { word: "replay_ready", values: { reason: "" } }],
  ["ended", { state: "ended" }, { word: "ended", values: { reason: "" } }],
  ["void", { state: "void", voidReason: "停电" }, { word: "void", values: { reason: "停电" } }],
  ["a state of a newer server", { state: "archived" }, { word: "ended", values: { reason: "" } }],
];
const COUNT_DOWNS: [number, Said][] = [
  [26 * 60 * MINUTE, { word: "starts_in_days", values: { d: 1, h: 2 } }],
  [24 * 60 * MINUTE - 1, { word: "starts_in_hours", values: { h: 23, m: 59 } }],
  [61 * MINUTE, { word: "starts_in_hours", values: { h: 1, m: 1 } }],
  [60 * MINUTE - 1, { word: "starts_in", values: { m: 59, s: 59 } }],
  [MINUTE, { word: "starts_in", values: { m: 1, s: 0 } }],
  [MINUTE - 1, { word: "soon" }],
  [0, { word: "late" }],
  [-59 * MINUTE, { word: "late" }],
  [-60 * MINUTE, { word: "missed" }],
];
for (const [name, facts, said] of COVERS) {
  test(`cover: ${name}`, () => assert.deepEqual(coverSaid({ ...COVER, ...facts }), said));
}
for (const [left, said] of COUNT_DOWNS) {
  test(`cover: ${left / 1000} s before the beginning ${said.word}`, () => {
    assert.deepEqual(coverSaid({ ...COVER, state: "scheduled", now: START - left }), said);
  });
}

test("closed: why, and what waits on the phone", () => {
  assert.deepEqual(
    [closedSaid("signed_out", false), closedSaid("signed_out", true), closedSaid("elsewhere", true)],
    ["signed_out", "signed_out_kept", "elsewhere"],
  );
  assert.deepEqual(
    [closedSaid("removed", false), closedSaid("rights", false), closedSaid("left", false)],
    ["other_place", "no_right", ""],
  );
});

const DESK: DeskFacts = {
  state: "live",
  line: "good",
  closed: "no_right",
  problem: "",
  sound: "",
  isEarly: false,
  isAssistant: false,
};
const DESKS: [string, Partial<DeskFacts>, string, boolean][] = [
  ["on the air", {}, "good", true],
  ["ready", { state: "scheduled" }, "ready", true],
  ["too early", { state: "scheduled", isEarly: true }, "too_early", false],
  ["the microphone is off", { sound: "mic_off" }, "mic_off", false],
  ["no sound comes", { sound: "silent_mic", state: "scheduled" }, "silent_mic", false],
  ["the line matters more than the sound", { line: "reconnecting", sound: "silent_mic" }, "reconnecting", false],
  ["devices matter more than the line", { line: "weak", problem: "denied" }, "denied", false],
  ["the end matters more than devices", { state: "ended", problem: "no_device" }, "packing", true],
  ["recorded", { state: "recorded" }, "replay_ready", true],
  ["nothing was recorded", { state: "unrecorded" }, "no_replay", false],
  ["not held", { state: "not_held" }, "not_held", false],
  ["opened in too many places", { line: "closed", closed: "elsewhere", problem: "denied" }, "elsewhere", false],
];
for (const [name, facts, word, good] of DESKS) {
  test(`desk: ${name}`, () => {
    const found = deskWord({ ...DESK, ...facts });
    assert.deepEqual([found, isGood(found)], [word, good]);
  });
}
test("desk: why the line is closed", () => {
  assert.deepEqual(
    (["cancelled", "signed_out", "elsewhere", "removed", "rights", "left", undefined] as const).map(closedWord),
    ["cancelled", "signed_out", "elsewhere", "no_right", "no_right", "no_right", "no_right"],
  );
});

function feed(): { told: string[]; feed: Feed } {
  const told: string[] = [];
  const chat = {
    add: (message: ChatEvent) => told.push(`chat ${message.message}`),
    hide: (message: number) => told.push(`hide ${message}`),
    leftOut: (count: number) => told.push(`left out ${count}`),
    mute: (on: boolean) => told.push(`mute ${on}`),
    resend: () => told.push("resend"),
  };
  const events = {
    people: (count: number) => told.push(`people ${count}`),
    event: (event: { t: string }) => told.push(event.t),
    missed: () => told.push("missed"),
  };
  return { told, feed: new Feed(chat, events) };
}

function tick(seq: number, events: RoomEvent[] = [], leftOut = 0): TickFrame {
  return { t: "tick", seq, people: 2, left_out: leftOut, events };
}

const HELLO = { t: "joined", seq: 5, people: 3, muted: true } as JoinedFrame;

test("feed: the first time it is not back, then it is", () => {
  const { told, feed: one } = feed();
  assert.deepEqual([one.joined(HELLO), one.joined({ ...HELLO, seq: 9 })], [false, true]);
  assert.deepEqual(told.slice(0, 3), ["people 3", "mute true", "resend"]);
  assert.equal(one.seq, 9);
});
test("feed: talk into the chat, the rest to the page, in order", () => {
  const { told, feed: one } = feed();
  one.joined(HELLO);
  told.length = 0;
  const said: ChatEvent = { t: "chat", message: 4, member: 1, name: "", unit: "", text: "", at: 0, host: false };
  one.tick(tick(6, [said, { t: "picture", on: true }, { t: "hidden", message: 4 }], 7));
  assert.deepEqual(told, ["people 2", "chat 4", "picture", "hide 4", "left out 7"]);
});
const SEQUENCES: [string, number[], number][] = [
  ["one after another", [6, 7, 8], 0],
  ["one is missing", [6, 8], 1],
  ["the same once more is for one person", [6, 6, 7], 0],
  ["two holes", [7, 8, 10], 2],
  ["an older one is no hole, and does not turn it back", [6, 4, 7], 0],
];
for (const [name, numbers, holes] of SEQUENCES) {
  test(`feed: ${name}`, () => {
    const { told, feed: one } = feed();
    one.joined(HELLO);
    for (const seq of numbers) one.tick(tick(seq));
    assert.equal(told.filter((word) => word === "missed").length, holes);
  });
}
test("feed: before the first word nothing can be missing", () => {
  const { told, feed: one } = feed();
  one.tick(tick(40));
  assert.deepEqual(told, ["people 2"]);
});

test("outage: what was played meanwhile is told once, in whole milliseconds", () => {
  const outage = new Outage();
  outage.begin(1000.4);
  outage.goOn(4000.6);
  assert.deepEqual([outage.isOpen, outage.end(), outage.end()], [true, { from_ms: 1000, to_ms: 4001 }, null]);
});
test("outage: less than a second is not worth a word", () => {
  const outage = new Outage();
  outage.begin(1000);
  outage.goOn(1999);
  assert.equal(outage.end(), null);
});
test("outage: nothing goes on that was not begun", () => {
  const outage = new Outage();
  outage.goOn(9000);
  assert.deepEqual([outage.isOpen, outage.end()], [false, null]);
});

test("the verdict is asked ever more seldom, and not for ever", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 11, 12].map(pauseBefore), [12_000, 20_000, 40_000, 60_000, 80_000, 80_000, null]);
});
