/** Sending with an old Chrome: one that cannot says so, one that can is believed when it is connected. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { openMicrophone, type UnableToUseDevices } from "../src/host/devices";
import { Publisher } from "../src/host/publisher";
import type { Command, OnStage } from "../src/lib/frames";
import type { RoomWords } from "../src/lib/sentences";
import { Speaking } from "../src/room/speaking";
import { Browser } from "./browser";

const WORDS = new Proxy({}, { get: (_, key) => String(key) }) as RoomWords;
const INVITED: OnStage = { member: 7, name: "王", unit: "", on: false, sound: true, picture: false, shown: false };
const STREAM = { getAudioTracks: () => [{}], getTracks: () => [] } as unknown as MediaStream;

/** Chrome 69 to 71: no `connectionState`, and tracks are added where unified plan is asked for. */
class OldPeer {
  static last: OldPeer;
  iceConnectionState = "new";
  signalingState = "stable";
  oniceconnectionstatechange: () => void = () => undefined;

  constructor(private readonly configuration: { sdpSemantics?: string }) {
    OldPeer.last = this;
  }

  addTransceiver(): { sender: object } {
    if (this.configuration.sdpSemantics !== "unified-plan") throw new Error("only supported in 'unified-plan'");
    return { sender: {} };
  }

  createOffer(): Promise<{ sdp: string }> {
    return Promise.resolve({ sdp: "offer" });
  }

  setLocalDescription(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.iceConnectionState = "closed";
  }

  is(state: string): void {
    this.iceConnectionState = state;
    this.oniceconnectionstatechange();
  }
}

let browser: Browser;
let sent: Command[];
let said: string[];
let asked: number;
let publisher: Publisher;

beforeEach(() => {
  browser = new Browser();
  sent = [];
  said = [];
  asked = 0;
  const getUserMedia = (): Promise<MediaStream> => {
    asked += 1;
    return Promise.resolve(STREAM);
  };
  Object.assign(globalThis, { RTCPeerConnection: OldPeer });
  Object.assign(browser.window, { isSecureContext: true });
  Object.assign(browser.navigator, { mediaDevices: { getUserMedia } });
  publisher = new Publisher({
    send: (command) => sent.push(command) > 0,
    connected: () => said.push("connected"),
    failed: () => said.push("failed"),
  });
});
afterEach(() => browser.leave());

test("a connection that says only how its way stands is let be once that is found", async () => {
  await publisher.start(STREAM, null);
  assert.equal(publisher.isUp(), false);
  OldPeer.last.is("checking");
  OldPeer.last.is("connected");
  OldPeer.last.is("completed");
  await browser.pass(30_000);
  assert.equal(publisher.isUp(), true);
  assert.deepEqual([sent.map((one) => one.t), said], [["offer"], ["connected", "connected"]]);
});

test("one whose way is lost gets another, and one that never had any is begun anew", async () => {
  await publisher.start(STREAM, null);
  publisher.key = "k";
  OldPeer.last.is("connected");
  OldPeer.last.is("disconnected");
  await browser.pass(3000);
  assert.deepEqual(
    sent.map((one) => one.t === "offer" && one.again),
    [false, true],
  );
  await publisher.start(STREAM, null);
  OldPeer.last.is("failed");
  assert.deepEqual(said, ["connected", "failed"]);
});

test("a browser that cannot send is not asked for its microphone, and the page says why", async () => {
  class NoPeer {}
  Object.assign(globalThis, { RTCPeerConnection: NoPeer });
  assert.equal(await openMicrophone().catch((error: UnableToUseDevices) => error.problem), "unsupported");
  const speaking = new Speaking(WORDS, INVITED.member, {
    send: (one) => sent.push(one) > 0,
    changed: () => undefined,
    isBreak: () => false,
  });
  speaking.told([INVITED]);
  const { document } = browser;
  document.getElementById("step-up").dispatch("click");
  await browser.settle();
  assert.equal(document.getElementById("invited-text").textContent, "mic_unsupported");
  assert.deepEqual([document.getElementById("invited").hidden, asked, sent], [false, 0, []]);
  document.getElementById("step-no").dispatch("click");
  assert.deepEqual(sent, [{ t: "step_down" }]);
});

test("a speaker whose microphone and camera are off comes back as they went, and nothing is switched on", async () => {
  class Peer extends OldPeer {
    override addTransceiver(): { sender: object } {
      return { sender: { getParameters: () => ({}), setParameters: () => Promise.resolve() } };
    }
  }
  const microphone = { enabled: true, stop: () => undefined };
  const tracks = (): unknown[] => [microphone];
  const stream = { getAudioTracks: tracks, getTracks: tracks };
  const getUserMedia = (): Promise<unknown> => {
    asked += 1;
    return Promise.resolve(stream);
  };
  Object.assign(globalThis, { RTCPeerConnection: Peer, RTCRtpSender: {} });
  Object.assign(browser.navigator, { mediaDevices: { getUserMedia } });
  const speaking = new Speaking(WORDS, INVITED.member, {
    send: (one) => sent.push(one) > 0,
    changed: () => undefined,
    isBreak: () => false,
  });
  const on = { ...INVITED, on: true };
  const { document } = browser;
  speaking.told([INVITED]);
  document.getElementById("step-up").dispatch("click");
  await browser.settle();
  speaking.frame({ t: "may_speak", ice: [] });
  await browser.settle();
  speaking.frame({ t: "held", pc: "talk", key: "k" });
  document.getElementById("talk-mic").dispatch("click");
  const off: Command = { t: "sending", sound: false, picture: false };
  assert.deepEqual(
    sent.splice(0).map((one) => one.t),
    ["step_up", "sending", "speak", "sending"],
  );
  speaking.joined([on]);
  assert.deepEqual(sent.splice(0), [off, { t: "reclaim", pc: "talk", key: "k" }]);
  speaking.frame({ t: "link", pc: "talk", state: "hung_up" });
  await browser.pass(3000);
  assert.deepEqual(sent.splice(0), [{ t: "speak", sdp: "offer", again: false }]);
  assert.deepEqual([microphone.enabled, asked], [false, 1]);
});

test("whoever is taken off the stage is told why, and whoever leaves it knows", async () => {
  class Peer extends OldPeer {
    override addTransceiver(): { sender: object } {
      return { sender: { getParameters: () => ({}), setParameters: () => Promise.resolve() } };
    }
  }
  const tracks = (): unknown[] => [{ enabled: true, stop: () => undefined }];
  const getUserMedia = (): Promise<unknown> => Promise.resolve({ getAudioTracks: tracks, getTracks: tracks });
  Object.assign(globalThis, { RTCPeerConnection: Peer, RTCRtpSender: {} });
  Object.assign(browser.navigator, { mediaDevices: { getUserMedia } });
  let isBreak = false;
  const speaking = new Speaking(WORDS, INVITED.member, {
    send: () => true,
    changed: () => undefined,
    isBreak: () => isBreak,
  });
  const { document } = browser;
  const line = document.getElementById("speaking");
  const says = (): string => (line.hidden ? "" : line.textContent);
  const comes = async (): Promise<void> => {
    speaking.told([INVITED]);
    assert.equal(says(), "");
    document.getElementById("step-up").dispatch("click");
    await browser.settle();
    speaking.frame({ t: "may_speak", ice: [] });
    speaking.told([{ ...INVITED, on: true, sound: false }]);
  };
  await comes();
  speaking.told([]);
  assert.equal(says(), "down_host");
  speaking.told([]);
  assert.equal(says(), "down_host", "told twice it stands");
  isBreak = true;
  speaking.frame({ t: "counted", on: false });
  assert.equal(says(), "down_break");
  isBreak = false;
  await browser.pass(61_000);
  assert.equal(says(), "");
  await comes();
  speaking.joined([]);
  assert.equal(says(), "down_lost");
  await comes();
  document.getElementById("step-down").dispatch("click");
  speaking.told([]);
  assert.equal(says(), "");
  await comes();
  speaking.told([]);
  speaking.ends();
  assert.equal(says(), "", "the end says it all");
});
