/** What a member's page shows of the stage, and what it says on the wire of its own voice. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cameNot, Speakers, standing } from "../src/host/speakers";
import type { Command, OnStage } from "../src/lib/frames";
import type { HostWords } from "../src/lib/sentences";
import { currentPicture } from "../src/room/receiver";
import { asTalk, namesOf, onStageWord, ownPart, shownOf } from "../src/room/speaking";
import { Browser } from "./browser";

const ME = 7;
const on: OnStage = { member: ME, name: "王", unit: "一支部", on: true, sound: true, picture: false, shown: false };
const asked: OnStage = { ...on, on: false };
const other: OnStage = { ...on, member: 8, name: "李", unit: "" };

test("an invitation is one's own, and a voice is heard from one device", () => {
  assert.equal(ownPart({ speakers: [other], you: ME, isHere: false }), "");
  assert.equal(ownPart({ speakers: [other, asked], you: ME, isHere: false }), "invited");
  assert.equal(ownPart({ speakers: [on], you: ME, isHere: true }), "here");
  assert.equal(ownPart({ speakers: [on], you: ME, isHere: false }), "elsewhere");
});

test("a page that was loaded anew offers to speak again, and says what keeps the microphone", () => {
  assert.equal(onStageWord("elsewhere", false, ""), "stage_elsewhere");
  assert.equal(onStageWord("elsewhere", false, "mic_denied"), "mic_denied");
  assert.equal(onStageWord("here", true, ""), "stage_heard");
  assert.equal(onStageWord("here", false, "mic_denied"), "stage_mute");
});

test("who is only asked up is not said to speak", () => {
  assert.equal(namesOf([asked]), "");
  assert.equal(namesOf([on, { ...asked, member: 9 }, other]), "王、李");
});

test("who has closed the microphone is not said to speak, and the picture is that of who is shown", () => {
  assert.equal(namesOf([{ ...on, sound: false }, other]), "李");
  assert.equal(shownOf([on, other]), null);
  assert.equal(shownOf([on, { ...other, picture: true, shown: true }])?.member, 8);
  assert.equal(shownOf([{ ...asked, shown: true }]), null);
  assert.deepEqual(standing(asked), ["is_invited"]);
  assert.deepEqual(standing({ ...on, sound: false }), ["is_quiet"]);
  assert.deepEqual(standing({ ...on, picture: true }), ["is_speaking", "has_camera"]);
  assert.deepEqual(standing({ ...on, picture: true, shown: true }), ["is_speaking", "is_shown"]);
});

test("of several places for a picture the open one is shown", () => {
  const place = (kind: string, currentDirection: string) => ({ receiver: { track: { kind } }, currentDirection });
  const places = [place("video", "inactive"), place("audio", "recvonly"), place("video", "recvonly")];
  assert.equal(currentPicture(places as unknown as RTCRtpTransceiver[]), places[2]?.receiver.track);
  assert.equal(currentPicture([]), null);
});

test("a speaker's connection is none of the lecturer's", () => {
  assert.deepEqual(asTalk({ t: "offer", sdp: "v=0", again: true }), { t: "speak", sdp: "v=0", again: true });
  assert.deepEqual(asTalk({ t: "candidate", pc: "pub", candidate: null }), {
    t: "candidate",
    pc: "talk",
    candidate: null,
  });
  assert.deepEqual(asTalk({ t: "step_down" }), { t: "step_down" });
});

test("a host hears of an invitation that nobody took up, and of none that was taken back", async () => {
  assert.equal(cameNot([asked, { ...asked, member: 9, name: "赵" }, other], [], []), "王、赵");
  assert.equal(cameNot([asked], [on], []), "");
  assert.equal(cameNot([asked], [], [ME]), "");
  const browser = new Browser();
  const { document } = browser;
  const sent: Command[] = [];
  const words = new Proxy({}, { get: (_, key) => (key === "came_not" ? "{names}" : String(key)) }) as HostWords;
  const stage = new Speakers(words, (command) => sent.push(command));
  const says = (): [string, boolean] => [
    document.getElementById("came-not").textContent,
    document.getElementById("stage-box").hidden,
  ];
  stage.show([asked], true);
  assert.deepEqual(says(), ["", false]);
  stage.show([], true);
  assert.deepEqual(says(), ["王", false]);
  await browser.pass(61_000);
  assert.deepEqual(says(), ["", true]);
  stage.show([asked], true);
  document.getElementById("take-down-all").dispatch("click");
  stage.show([], true);
  assert.deepEqual([says(), sent], [["", true], [{ t: "take_down_all" }]]);
  stage.show([asked], true);
  stage.show([], true);
  stage.show([], false);
  assert.deepEqual(says(), ["", true], "in a break nobody is missed");
  browser.leave();
});
