/** The fallback: what the server has not acknowledged is kept, a lost line goes on, and what is too slow begins smaller. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Air, type Way } from "../src/host/air";
import { cut, Waiting } from "../src/host/fallback";
import { canRecord } from "../src/host/recorder";
import type { Command } from "../src/lib/frames";
import { Browser, chance, FakeSocket } from "./browser";

interface Made {
  mimeType: string;
  videoBitsPerSecond: number;
}

/** A recorder that makes chunks when the test says so. */
class FakeRecorder {
  static made: FakeRecorder[] = [];
  static types = ["video/webm;codecs=vp8,opus", "video/webm;codecs=h264,opus", "video/webm"];
  static readsWish = true;
  state = "inactive";
  ondataavailable: ((event: { data: Blob }) => void) | null = null;
  onstop: (() => void) | null = null;

  constructor(
    _stream: unknown,
    readonly options: Made,
  ) {
    if (FakeRecorder.readsWish)
      void (options as { videoKeyFrameIntervalDuration?: number }).videoKeyFrameIntervalDuration;
    FakeRecorder.made.push(this);
  }

  static isTypeSupported(type: string): boolean {
    return FakeRecorder.types.includes(type);
  }

  start(): void {
    this.state = "recording";
  }

  stop(): void {
    this.state = "inactive";
    this.onstop?.();
  }

  gives(bytes: number): void {
    this.ondataavailable?.({ data: new Blob([new Uint8Array(bytes)]) });
  }
}

class FakePeer {
  static last: FakePeer;
  connectionState = "new";
  signalingState = "stable";
  onconnectionstatechange: () => void = () => undefined;

  constructor() {
    FakePeer.last = this;
  }

  addTransceiver(): object {
    return { sender: { getParameters: () => ({}), setParameters: () => Promise.resolve() } };
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

class FakeTrack {
  getSettings = (): object => ({});
  clone = (): FakeTrack => new FakeTrack();
  stop = (): void => undefined;
  applyConstraints = (): Promise<void> => Promise.resolve();
}

let browser: Browser;
let sent: Command[];
let said: string[];
let ways: string[];
let air: Air;

/** Without a picture, or with one that can be recorded. */
function made(way: Way, picture: unknown = null): Air {
  return new Air(
    {
      send: (command) => sent.push(command) > 0,
      say: (word) => said.push(word),
      isLive: () => true,
      isPresenter: () => true,
      stream: () => ({ getAudioTracks: () => [] }) as unknown as MediaStream,
      picture: () => picture as MediaStreamTrack | null,
      begins: () => undefined,
      replaced: () => said.push("replaced!"),
      way: (turned, byItself) => ways.push(`${turned} ${byItself}`),
    },
    way,
  );
}

function recorder(): FakeRecorder {
  const last = FakeRecorder.made[FakeRecorder.made.length - 1];
  if (!last) throw new Error("nothing is recorded");
  return last;
}

function numbers(socket: FakeSocket): number[][] {
  return (socket.sent as unknown as ArrayBuffer[]).map((message) => {
    const head = new DataView(message);
    return [head.getUint32(0), head.getUint32(4)];
  });
}

async function opened(run = 0, number = 0): Promise<FakeSocket> {
  air.ticket({ t: "fallback", ticket: "a:b", url: "/ws/live/7/fallback/" } as never);
  FakeSocket.last.says({ t: "ready", run, number });
  await browser.pass(10);
  return FakeSocket.last;
}

async function gives(bytes: number): Promise<void> {
  recorder().gives(bytes);
  for (let turn = 0; turn < 10; turn += 1) await browser.pass(1);
}

beforeEach(() => {
  browser = new Browser();
  FakeRecorder.made = [];
  FakeRecorder.readsWish = true;
  FakeRecorder.types = ["video/webm;codecs=vp8,opus", "video/webm;codecs=h264,opus", "video/webm"];
  Object.assign(globalThis, {
    RTCPeerConnection: FakePeer,
    RTCRtpSender: {},
    MediaRecorder: FakeRecorder,
    MediaStream: class {},
    location: { protocol: "https:", host: "site", href: "https://site/live/7/host/" },
  });
  Object.assign(FakeSocket.prototype, { bufferedAmount: 0 });
  chance(0.5);
  sent = [];
  said = [];
  ways = [];
});
afterEach(() => {
  Reflect.deleteProperty(globalThis, "MediaRecorder");
  browser.leave();
});

test("bytes are cut into numbered pieces", () => {
  const pieces = cut(new Uint8Array([1, 2, 3, 4, 5]).buffer, 3, 7, 2);
  assert.deepEqual(
    pieces.map((piece) => Array.from(new Uint8Array(piece))),
    [
      [0, 0, 0, 3, 0, 0, 0, 7, 1, 2],
      [0, 0, 0, 3, 0, 0, 0, 8, 3, 4],
      [0, 0, 0, 3, 0, 0, 0, 9, 5],
    ],
  );
});

test("what is acknowledged is forgotten, and the rest is sent again by another line", () => {
  const waiting = new Waiting();
  for (const number of [0, 1, 2]) waiting.add({ run: 1, number, message: new ArrayBuffer(10), at: number });
  while (waiting.next());
  waiting.acknowledged(1, 1);
  assert.deepEqual([waiting.bytes, waiting.age(9)], [20, 8]);
  assert.equal(waiting.goesOn(1, 2), true);
  assert(waiting.next());
  assert.equal(waiting.next(), null);
  assert.equal(waiting.goesOn(0, 0), false);
});

test("a browser that records no WebM has no fallback", () => {
  FakeRecorder.types = ["video/mp4"];
  assert.equal(canRecord(), false);
});

test("WebRTC that comes to nothing twice gives way to the fallback, by itself", async () => {
  air = made("direct");
  await air.publish();
  await browser.pass(11_000);
  assert.deepEqual(ways, []);
  await browser.pass(14_000);
  assert.deepEqual(ways, ["fallback true"]);
  assert.equal(sent[sent.length - 1]?.t, "fall_back");
});

test("a recording goes out in pieces, H.264 where its keyframes can be asked for", async () => {
  air = made("fallback", new FakeTrack());
  await air.publish();
  const socket = await opened();
  assert.equal(recorder().options.mimeType, "video/webm;codecs=h264,opus");
  assert(/^wss:\/\/site\/ws\/live\/7\/fallback\/\?ticket=a%3Ab&key=[0-9a-f]{32}$/.test(socket.url));
  await gives(100_000);
  assert.deepEqual(numbers(socket), [
    [1, 0],
    [1, 1],
  ]);
  FakeRecorder.readsWish = false;
  await air.changed(null, null);
  await browser.pass(10);
  assert.equal(recorder().options.mimeType, "video/webm;codecs=vp8,opus");
  await gives(10);
  assert.deepEqual(numbers(socket)[2], [2, 0]);
});

test("a line that was lost goes on with the piece that is missing; a server that knows nothing gets a new one", async () => {
  air = made("fallback", new FakeTrack());
  await air.publish();
  const first = await opened();
  await gives(10);
  await gives(10);
  first.says({ t: "ack", run: 1, number: 1 });
  first.ends(1006);
  await gives(10);
  await browser.pass(1100);
  const second = await opened(1, 1);
  assert.deepEqual(numbers(second), [
    [1, 1],
    [1, 2],
  ]);
  second.says({ t: "ack", run: 1, number: 3 });
  second.ends(1006);
  await browser.pass(2100);
  const idle = await opened(1, 3);
  await gives(10);
  assert.deepEqual(numbers(idle), [[1, 3]]);
  idle.ends(1006);
  await browser.pass(2100);
  const third = await opened();
  await gives(10);
  assert.deepEqual(numbers(third), [[2, 0]]);
});

test("the room's socket is another: it hears whose turn it is, and the recording goes on", async () => {
  air = made("fallback", new FakeTrack());
  await air.publish();
  const socket = await opened();
  await air.back();
  assert.deepEqual(
    sent.map((one) => one.t),
    ["fall_back", "fall_back"],
  );
  air.ticket({ t: "fallback", ticket: "c", url: "/ws/live/7/fallback/" });
  assert.equal(FakeSocket.last, socket);
  await gives(10);
  assert.deepEqual(numbers(socket), [[1, 0]]);
});

test("what waits too long is dropped for a smaller recording", async () => {
  air = made("fallback", new FakeTrack());
  await air.publish();
  await opened();
  const bits = recorder().options.videoBitsPerSecond;
  await gives(10);
  await browser.pass(9000);
  await gives(10);
  assert(said.includes("fallback_slow"));
  await browser.pass(1100);
  await opened();
  assert(recorder().options.videoBitsPerSecond < bits);
});

test("WebRTC is tried beside the fallback, which goes on until it is up", async () => {
  air = made("fallback", new FakeTrack());
  await air.publish();
  await opened();
  air.choose("direct");
  await browser.pass(10);
  assert.equal(sent[sent.length - 1]?.t, "offer");
  FakePeer.last.is("failed");
  assert.equal(said[said.length - 1], "direct_failed");
  assert.equal(recorder().state, "recording");
  air.choose("direct");
  await browser.pass(10);
  FakePeer.last.is("connected");
  assert.equal(recorder().state, "inactive");
  assert.deepEqual(ways, ["direct false"]);
});

test("a recording that the server cannot read is made simpler, then WebRTC is tried again", async () => {
  air = made("fallback", new FakeTrack());
  await air.publish();
  (await opened()).says({ t: "over", why: "codec" });
  await browser.pass(1100);
  const second = await opened();
  assert.equal(recorder().options.mimeType, "video/webm;codecs=vp8,opus");
  second.says({ t: "over", why: "not_media" });
  assert.deepEqual([ways, said.includes("fallback_refused")], [["direct true"], true]);
});

test("whoever is replaced lets go", async () => {
  air = made("fallback", new FakeTrack());
  await air.publish();
  (await opened()).says({ t: "over", why: "replaced" });
  assert.equal(air.isActive(), false);
  assert(said.includes("replaced!"));
});
