/** Which page of a host has the devices, and who takes the picture back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { deskWord } from "../src/host/desk";
import { inOrder } from "../src/host/hands";
import {
  ENCODER,
  mayLetEncoder,
  mayTakeBack,
  replacedWord,
  roleOf,
  type StageFacts,
  senderOf,
  takeAsks,
  takenWord,
} from "../src/host/stage";
import type { HandEvent, OnAirEvent } from "../src/lib/frames";
import { afterClose } from "../src/room/socket";

const ON_AIR: OnAirEvent = {
  t: "on_air",
  turn: 5,
  host: 1,
  name: "李",
  unit: "党校",
  source: "desk",
  at: 0,
  here: true,
  offered: false,
  before: "",
  before_name: "",
  awaits: false,
};
const MINE: StageFacts = { state: "live", onAir: ON_AIR, source: "desk", you: 1, taking: 0 };
const ROLES: [string, Partial<StageFacts>, string][] = [
  ["the page on the air", {}, "presenter"],
  ["a second tab of the lecturer", { source: "tab" }, "assistant"],
  ["an organiser", { source: "laptop", you: 2 }, "assistant"],
  [
    "an organiser while the lecturer is away",
    { source: "laptop", you: 2, onAir: { ...ON_AIR, here: false } },
    "assistant",
  ],
  ["the lecturer at another computer", { source: "tab", onAir: { ...ON_AIR, here: false } }, "presenter"],
  ["an organiser who confirmed", { source: "laptop", you: 2, taking: 5 }, "presenter"],
  ["an organiser who confirmed another", { source: "laptop", you: 2, taking: 4 }, "assistant"],
  ["one's own device outside", { onAir: { ...ON_AIR, source: ENCODER } }, "assistant"],
  ["while it is waited for", { onAir: { ...ON_AIR, source: ENCODER, here: false } }, "assistant"],
  ["whoever took its place", { onAir: { ...ON_AIR, source: ENCODER }, taking: 5 }, "presenter"],
  ["nobody on the air", { onAir: null }, "presenter"],
  ["before it begins", { state: "scheduled", source: "laptop", you: 2 }, "presenter"],
];
for (const [name, facts, role] of ROLES) {
  test(`role: ${name}`, () => assert.equal(roleOf({ ...MINE, ...facts }), role));
}

test("nobody is told their own name as somebody else's", () => {
  assert.equal(takeAsks(ON_AIR, 2), "take_asks");
  assert.equal(takeAsks(ON_AIR, 1), "take_own_asks");
  assert.equal(takeAsks({ ...ON_AIR, source: ENCODER }, 1), "encoder_take_asks");
  assert.equal(takeAsks(null, 1), "take_asks");
});

test("the page that was replaced takes the picture back, and no other", () => {
  const onAir = { ...ON_AIR, source: "laptop", before: "desk" };
  assert.equal(mayTakeBack({ onAir, source: "desk" }), true);
  assert.equal(mayTakeBack({ onAir, source: "tab" }), false);
  assert.equal(mayTakeBack({ onAir: null, source: "desk" }), false);
});

test("who sends is named on every page but their own", () => {
  assert.equal(senderOf(MINE), "");
  assert.equal(senderOf({ ...MINE, source: "tab" }), "李");
  assert.equal(senderOf({ ...MINE, source: "laptop", you: 2 }), "李");
  assert.equal(senderOf({ ...MINE, source: "laptop", you: 2, onAir: { ...ON_AIR, here: false } }), "李");
  assert.equal(senderOf({ ...MINE, onAir: null }), "");
  assert.equal(senderOf({ ...MINE, state: "scheduled", you: 2 }), "");
});

test("whoever was replaced is told by whom, and what comes after", () => {
  const onAir = { ...ON_AIR, host: 2, source: "laptop", before: "desk" };
  assert.equal(replacedWord(onAir, 1), "air_taken");
  assert.equal(replacedWord(onAir, 2), "");
  assert.equal(replacedWord({ ...onAir, offered: true }, 1), "air_offered");
  assert.equal(replacedWord({ ...onAir, here: false, offered: true }, 1), "air_left");
});

test("a device outside comes where the page on the air lets it", () => {
  assert.equal(mayLetEncoder(MINE), true);
  assert.equal(mayLetEncoder({ ...MINE, source: "tab" }), false);
  assert.equal(mayLetEncoder({ ...MINE, state: "ended" }), false);
  assert.equal(mayLetEncoder({ ...MINE, onAir: { ...ON_AIR, source: ENCODER } }), false);
  const device = { ...ON_AIR, source: ENCODER, before: "desk" };
  assert.equal(replacedWord(device, 1), "encoder_taken");
  assert.equal(replacedWord({ ...device, here: false }, 1), "encoder_left");
});

test("whose picture a page took, and only another person is asked to take it back", () => {
  const taken = { ...ON_AIR, before: "tab", before_name: "李" };
  assert.equal(takenWord(taken), "taken_from");
  assert.equal(takenWord({ ...taken, offered: true }), "give_back_asked");
  assert.equal(takenWord({ ...taken, before_name: "" }), "taken_own");
});

test("hands stand as they went up", () => {
  const hand = (member: number, at: number): HandEvent => ({ t: "hand", member, at, name: "", unit: "", up: true });
  const order = inOrder([hand(3, 20), hand(1, 30), hand(2, 20)]).map((one) => one.member);
  assert.deepEqual(order, [2, 3, 1]);
});

test("what an assistant has no devices for is no matter", () => {
  const facts = { state: "live", closed: "no_right", problem: "denied", sound: "silent_mic", isEarly: false } as const;
  assert.equal(deskWord({ ...facts, line: "good", isAssistant: true }), "assistant");
  assert.equal(deskWord({ ...facts, line: "offline", isAssistant: true }), "offline");
  assert.equal(deskWord({ ...facts, line: "good", isAssistant: false }), "denied");
});

test("a locked room is asked again, and no hurry", () => {
  const next = afterClose(4423, null, 0);
  assert.equal(typeof next !== "string" && next.line === "locked" && (next.waitMs ?? 0) >= 15_000, true);
});
