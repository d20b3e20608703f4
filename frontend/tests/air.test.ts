/** The picture's way out: what is begun again by itself, and when the headline gives it time to come. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Air } from "../src/host/air";
import { OnAir } from "../src/host/onair";
import { ServerClock } from "../src/lib/clock";
import type { Command, ErrorFrame, OnAirEvent } from "../src/lib/frames";
import type { HostWords } from "../src/lib/sentences";
import { Browser, chance } from "./browser";

const WORDS = new Proxy({}, { get: (_, key) => String(key) }) as HostWords;
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

class FakePeer {
  static last: FakePeer;
  connectionState = "new";
  signalingState = "stable";
  onconnectionstatechange: () => void = () => undefined;

  constructor() {
    FakePeer.last = this;
  }

  createOffer(): Promise<{ sdp: string }> {
    return Promise.resolve({ sdp: "offer" });
  }

  setLocalDescription(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.connectionState = "closed";
  }

  is(state: string): void {
    this.connectionState = state;
    this.onconnectionstatechange();
  }
}

let browser: Browser;
let sent: Command[];
let said: string[];
let word: string;
let isPresenter: boolean;
let isLive: boolean;
let air: Air;

beforeEach(() => {
  browser = new Browser();
  Object.assign(globalThis, { RTCPeerConnection: FakePeer });
  chance(0.5);
  sent = [];
  said = [];
  isPresenter = isLive = true;
  air = new Air({
    send: (command) => sent.push(command) > 0,
    say: (now) => {
      word = now;
    },
    isLive: () => isLive,
    isPresenter: () => isPresenter,
    stream: () => ({ getAudioTracks: () => [] }) as unknown as MediaStream,
    picture: () => null,
    begins: () => said.push("begins"),
    replaced: () => said.push("replaced"),
  });
});
afterEach(() => browser.leave());

test("whoever was replaced asks whose picture it is, and sends nothing before", async () => {
  await air.publish();
  air.link("replaced");
  assert.deepEqual(said, ["begins", "replaced"]);
  await browser.pass(30_000);
  assert.equal(sent.length, 1);
});

test("a line that nothing goes through is no picture that has been sent, until it is back", async () => {
  await air.publish();
  for (const [state, now] of [
    ["connected", "sending"],
    ["disconnected", "hung_up"],
    ["connected", "sending"],
  ] as const) {
    FakePeer.last.is(state);
    assert.equal(word, now);
  }
});

test("an offer that is refused because the lecture has ended says nothing of a picture that comes back", async () => {
  await air.publish();
  isLive = false;
  air.refused({ t: "offer", error: "state" } as ErrorFrame);
  assert.equal(word, "publishing");
});

test("replaced, and still the presenter by what the server says: the picture goes out again without a reload", async () => {
  await air.publish();
  air.link("replaced");
  air.again();
  await browser.pass(5000);
  assert.deepEqual(
    sent.map((one) => one.t),
    ["offer", "offer"],
  );
});

test("replaced, and an assistant by now: nothing goes out", async () => {
  await air.publish();
  air.link("replaced");
  isPresenter = false;
  air.again();
  await air.back();
  await browser.pass(30_000);
  assert.equal(sent.length, 1);
});

test("the first offer gets its time, those after it none until the picture was there", async () => {
  await air.publish();
  air.link("hung_up");
  await browser.pass(5000);
  await air.back();
  assert.equal(sent.length > 1, true);
  assert.deepEqual(said, ["begins"]);
  FakePeer.last.is("connected");
  air.link("hung_up");
  await browser.pass(20_000);
  assert.deepEqual(said, ["begins", "begins"]);
});

test("another turn gives the picture time to come, the same one again none", async () => {
  const onAir = new OnAir(WORDS, new ServerClock(Date.now()), {
    press: () => true,
    say: () => undefined,
    changed: () => undefined,
    recording: () => undefined,
  });
  const headline = (): string => {
    onAir.show({ state: "live", liveAt: null, endsAt: Date.now() + 3_600_000, sender: "", isMute: false });
    return browser.document.getElementById("headline").textContent;
  };
  onAir.turn(ON_AIR);
  assert.equal(headline(), "head_coming");
  await browser.pass(11_000);
  assert.equal(headline(), "head_unknown");
  onAir.turn(ON_AIR);
  assert.equal(headline(), "head_unknown");
  onAir.turn({ ...ON_AIR, turn: 6 });
  assert.equal(headline(), "head_coming");
});
