import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Grade,
  judgeLine,
  judgeMicrophone,
  judgePicture,
  judgeSocket,
  judgeSound,
  judgeWay,
  speed,
  split,
  summary,
  type Verdict,
} from "../src/check/judge";

const said = ({ grade, word }: Verdict): string => `${grade} ${word}`;
const of = (...grades: Grade[]): Verdict[] => grades.map((grade) => ({ grade, word: "running" }));

test("the picture: what the browser can, and whether the sample moved", () => {
  assert.equal(said(judgePicture("library", "moved")), "good picture_good");
  assert.equal(said(judgePicture("native", "moved")), "good picture_good");
  assert.equal(said(judgePicture("sound", "moved")), "fair picture_sound");
  assert.equal(said(judgePicture("sound", "still")), "bad picture_stuck");
  assert.equal(said(judgePicture("none", "still")), "bad picture_none");
  assert.equal(said(judgePicture("native", "still")), "bad picture_stuck");
  assert.equal(said(judgePicture("library", "line")), "bad picture_line");
  assert.equal(said(judgePicture("library", "blocked")), "ask picture_tap");
});

test("the sound: only the person knows, and is asked only where something played", () => {
  assert.equal(said(judgeSound("moved", null)), "ask sound_ask");
  assert.equal(said(judgeSound("moved", true)), "good sound_good");
  assert.equal(said(judgeSound("moved", false)), "bad sound_bad");
  assert.equal(said(judgeSound("still", null)), "bad sound_none");
  assert.equal(said(judgeSound("line", null)), "bad sound_none");
  assert.equal(said(judgeSound("blocked", null)), "ask sound_none");
});

test("the line: 100 KB in so long are so many kilobits a second", () => {
  const after = (ms: number): string => said(judgeLine(speed(100_000, ms)));
  assert.equal(speed(100_000, 800), 1000);
  assert.equal(after(0), "good line_good");
  assert.equal(after(800), "good line_good");
  assert.equal(after(801), "fair line_fair");
  assert.equal(after(8000), "fair line_fair");
  assert.equal(after(8001), "bad line_bad");
  assert.equal(said(judgeLine(null)), "bad line_none");
});

test("the picture in step: never bad, for the room has another way", () => {
  const way = { able: true, relays: true, udp: false, other: false };
  assert.equal(said(judgeWay({ ...way, udp: true })), "good way_good");
  assert.equal(said(judgeWay({ ...way, other: true })), "fair way_relayed");
  assert.equal(said(judgeWay(way)), "fair way_shut");
  assert.equal(said(judgeWay({ ...way, relays: false, udp: true })), "good way_able");
  assert.equal(said(judgeWay({ ...way, relays: false })), "fair way_shut");
  assert.equal(said(judgeWay({ ...way, relays: null })), "fair way_unknown");
  assert.equal(said(judgeWay({ ...way, able: false, udp: true })), "fair way_old");
});

test("relays are parted by how they are reached; who may use them goes with them", () => {
  const urls = ["turn:a:3478", "turn:a:3478?transport=udp", "turn:a:3478?transport=tcp", "turns:a:5349"];
  assert.deepEqual(split([{ urls, username: "1:2", credential: "x" }]), {
    udp: [{ urls: urls.slice(0, 2), username: "1:2", credential: "x" }],
    other: [{ urls: urls.slice(2), username: "1:2", credential: "x" }],
  });
  assert.deepEqual(split([{ urls: "turns:a" }]), { udp: [], other: [{ urls: ["turns:a"] }] });
});

test("the socket and the microphone; without a microphone one can look and listen", () => {
  assert.equal(said(judgeSocket(true)), "good socket_good");
  assert.equal(said(judgeSocket(false)), "bad socket_bad");
  assert.equal(said(judgeMicrophone(0.06)), "good mic_good");
  assert.equal(said(judgeMicrophone(0.05)), "fair mic_quiet");
  assert.equal(said(judgeMicrophone(null)), "fair mic_unmeasured");
  assert.equal(said(judgeMicrophone("denied")), "fair mic_denied");
  assert.equal(said(judgeMicrophone("no_microphone")), "fair mic_missing");
});

test("one sentence for all: the worst first, and none before everything was tried", () => {
  assert.deepEqual(summary(of("bad"), 2), { word: "sum_running", n: 0 });
  assert.deepEqual(summary(of("bad", "ask", "bad", "fair"), 4), { word: "sum_bad", n: 2 });
  assert.deepEqual(summary(of("ask", "fair"), 2), { word: "sum_ask", n: 0 });
  assert.deepEqual(summary(of("good", "fair"), 2), { word: "sum_fair", n: 1 });
  assert.deepEqual(summary(of("good", "good"), 2), { word: "sum_good", n: 0 });
});
