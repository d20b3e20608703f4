/** The lecturer's devices: what was closed by its key is opened by that key alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Studio } from "../src/host/studio";
import type { HostWords } from "../src/lib/sentences";
import { Browser } from "./browser";

const WORDS = new Proxy({}, { get: (_, key) => String(key) }) as HostWords;

function devices(): unknown {
  const sound = { kind: "audio", enabled: true, stop: () => undefined, getSettings: () => ({}) };
  return { getTracks: () => [sound], getAudioTracks: () => [sound], getVideoTracks: () => [] };
}

interface Opened {
  browser: Browser;
  studio: Studio;
}

function opened(): Opened {
  const browser = new Browser();
  Object.assign(browser.document.getElementById("preview"), { play: () => Promise.resolve() });
  class Peer {
    addTransceiver(): void {}
  }
  Object.assign(globalThis, { RTCPeerConnection: Peer, MediaStream: class {} });
  Object.assign(browser.window, { isSecureContext: true, clearInterval: () => undefined });
  const mediaDevices = {
    getUserMedia: () => Promise.resolve(devices()),
    enumerateDevices: () => Promise.resolve([]),
  };
  Object.assign(browser.navigator, { mediaDevices });
  const nothing = (): Promise<void> => Promise.resolve();
  return { browser, studio: new Studio(WORDS, "", { changed: () => undefined, opened: nothing, picture: nothing }) };
}

test("studio: a microphone that is closed stays closed when a camera is chosen or unplugged", async () => {
  const { browser, studio } = opened();
  const isOpen = async (): Promise<boolean> => {
    await studio.open();
    return studio.stream?.getAudioTracks()[0]?.enabled ?? false;
  };
  assert.equal(await isOpen(), true);
  browser.document.getElementById("mic").dispatch("click");
  assert.deepEqual([await isOpen(), studio.problem, studio.soundProblem()], [false, "", "mic_off"]);
  studio.close();
  assert.equal(await isOpen(), true, "another lecture, or its end undone");
  browser.leave();
});

test("studio: a microphone is called silent only by a browser that measures its sound", async () => {
  const { browser, studio } = opened();
  let state = "suspended"; // for good, in Firefox without a loudspeaker
  class Context {
    get state(): string {
      return state;
    }
    resume = (): Promise<void> => Promise.resolve();
    createAnalyser = (): object => ({ getByteTimeDomainData: (samples: Uint8Array) => samples.fill(128) });
    createMediaStreamSource = (): object => ({ connect: () => undefined });
  }
  Object.assign(globalThis, { AudioContext: Context });
  await studio.open();
  await browser.pass(10_000);
  assert.equal(studio.soundProblem(), "");
  state = "running";
  await browser.pass(10_000);
  assert.equal(studio.soundProblem(), "silent_mic");
  Reflect.deleteProperty(globalThis, "AudioContext");
  browser.leave();
});
