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

test("studio: a microphone that is closed stays closed when a camera is chosen or unplugged", async () => {
  const browser = new Browser();
  const { document } = browser;
  Object.assign(document.getElementById("preview"), { play: () => Promise.resolve() });
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
  const studio = new Studio(WORDS, "", { changed: () => undefined, opened: nothing, picture: nothing });
  const isOpen = async (): Promise<boolean> => {
    await studio.open();
    return studio.stream?.getAudioTracks()[0]?.enabled ?? false;
  };
  assert.equal(await isOpen(), true);
  document.getElementById("mic").dispatch("click");
  assert.deepEqual([await isOpen(), studio.problem, studio.soundProblem()], [false, "", "mic_off"]);
  studio.close();
  assert.equal(await isOpen(), true, "another lecture, or its end undone");
  browser.leave();
});
