/** A speaker who is left with HLS is not left deaf. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { Command } from "../src/lib/frames";
import { Deafness } from "../src/room/deafness";
import { Screen } from "../src/room/screen";
import { Browser, FakeElement } from "./browser";

class Video extends FakeElement {
  paused = false;
  muted = false;
  currentTime = 0;
  readyState = 4;
  srcObject: unknown = null;
  src = "";

  play(): Promise<void> {
    return Promise.resolve();
  }

  canPlayType(): string {
    return "maybe";
  }

  load(): void {
    // Nothing is fetched here.
  }

  override removeAttribute(): void {
    this.src = "";
  }
}

class Peer {
  getTransceivers(): unknown[] {
    return [];
  }
}

let browser: Browser;
beforeEach(() => {
  browser = new Browser();
  Object.assign(globalThis, { RTCPeerConnection: Peer });
});
afterEach(() => browser.leave());

test("it is tried again with growing pauses, and anew once it was heard", () => {
  const deafness = new Deafness();
  assert.equal(deafness.isDue(0), false);
  assert.equal(deafness.isOn, true);
  const due = (until: number, from: number): number[] => {
    const found: number[] = [];
    for (let now = from; now < until; now += 1000) if (deafness.isDue(now)) found.push(now);
    return found;
  };
  assert.deepEqual(due(200_000, 0), [5000, 15_000, 35_000, 75_000, 135_000, 195_000]);
  deafness.ends();
  assert.equal(deafness.isOn, false);
  assert.deepEqual(due(310_000, 300_000), [305_000]);
});

test("on the stage WebRTC is asked for again while HLS plays, and on each new line", async () => {
  const video = new Video();
  const asked: string[] = [];
  let hasLine = true;
  const screen = new Screen(video as unknown as HTMLVideoElement, "", {
    send: (command: Command) => {
      if (hasLine && command.t === "watch") asked.push(command.via);
      return hasLine;
    },
    state: () => undefined,
    refresh: () => Promise.resolve({ hls_url: "/live.m3u8", hls_audio_url: "/audio.m3u8" }),
  });
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 1500) {
      video.currentTime += 1.5;
      await browser.pass(1500);
    }
  };
  screen.start();
  screen.chosen("hls", []);
  await pass(9000);
  assert.deepEqual([asked, screen.deafness.isOn, video.muted], [["auto"], false, false]);
  screen.onStage(true);
  screen.chosen("hls", []);
  await pass(4500);
  assert.deepEqual([asked, screen.deafness.isOn, video.muted], [["auto", "auto"], true, true]);
  await pass(4500);
  screen.chosen("hls", []);
  assert.equal(asked.length, 3);
  hasLine = false;
  const played = video.src;
  await pass(12_000);
  assert.deepEqual([asked.length, video.src], [3, played], "what plays goes on without a line");
  hasLine = true;
  screen.resume(true);
  assert.equal(asked.length, 4);
  screen.onStage(false);
  assert.deepEqual([screen.deafness.isOn, video.muted], [false, false]);
});
