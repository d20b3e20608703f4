/** One's own devices in a meeting, and what of them is said again after the line was lost. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { Command } from "../src/lib/frames";
import { Sending } from "../src/meeting/sending";
import { Browser } from "./browser";

class FakePeer {
  static made = 0;
  connectionState = "connected";
  signalingState = "stable";
  onconnectionstatechange: () => void = () => undefined;

  constructor() {
    FakePeer.made += 1;
  }

  addTransceiver(): { sender: object } {
    const parameters = { encodings: [{}] };
    const done = (): Promise<void> => Promise.resolve();
    return { sender: { getParameters: () => parameters, setParameters: done, replaceTrack: done } };
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
}

let browser: Browser;
let sent: Command[];
let sending: Sending;

beforeEach(async () => {
  browser = new Browser();
  FakePeer.made = 0;
  sent = [];
  const track = { stop: () => undefined, onended: null };
  const stream = { getTracks: () => [track], getAudioTracks: () => [track], getVideoTracks: () => [] };
  class Stream {
    getAudioTracks(): object[] {
      return [track];
    }
  }
  Object.assign(globalThis, { RTCPeerConnection: FakePeer, RTCRtpSender: {}, MediaStream: Stream });
  Object.assign(browser.window, { isSecureContext: true });
  Object.assign(browser.navigator, { mediaDevices: { getUserMedia: () => Promise.resolve(stream) } });
  sending = new Sending({ send: (command) => sent.push(command) > 0, changed: () => undefined });
  sending.joined([], true);
  sent.length = 0;
  await sending.toggle("mic");
  sending.held("k");
  await sending.toggle("mic");
  sent.length = 0;
});
afterEach(() => {
  sending.stop();
  browser.leave();
});

test("with both keys off a page that is back says so, and takes its connection up again", async () => {
  sending.joined([], true);
  assert.deepEqual(sent.splice(0), [
    { t: "reclaim", pc: "meet", key: "k" },
    { t: "devices", mic: false, cam: false },
  ]);
  sending.link("resumed");
  await sending.toggle("mic");
  assert.deepEqual([FakePeer.made, sent.map((one) => one.t)], [1, ["devices"]]);
});

test("what the server has no more is begun anew by the next key alone", async () => {
  sending.joined([], true);
  sending.link("hung_up");
  sent.length = 0;
  await browser.pass(30_000);
  assert.deepEqual([FakePeer.made, sent], [1, []]);
  await sending.toggle("mic");
  assert.deepEqual([FakePeer.made, sent.map((one) => one.t)], [2, ["appear", "devices"]]);
});

test("of two devices of a person both say which one speaks now", async () => {
  await sending.toggle("mic", true);
  assert.equal(sending.problem, "", "the seat still showed this page");
  sending.link("replaced");
  assert.equal(sending.problem, "replaced");
  assert.equal(sending.isOn("mic"), false);
  await browser.pass(4000);
  await sending.toggle("mic", true);
  assert.equal(sending.problem, "took_over");
});
