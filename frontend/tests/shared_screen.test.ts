/** What a page says of a screen that it shared before it was loaded anew. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Studio } from "../src/host/studio";
import type { HostWords } from "../src/lib/sentences";
import { Browser } from "./browser";

const WORDS = new Proxy({}, { get: (_, key) => String(key) }) as HostWords;

class Track {
  enabled = true;
  onended: (() => void) | null = null;

  constructor(readonly kind: string) {}

  stop(): void {
    // It ends.
  }

  getSettings(): Record<string, string> {
    return {};
  }
}

class Stream {
  constructor(readonly tracks: Track[] = []) {}

  getTracks(): Track[] {
    return this.tracks;
  }

  getAudioTracks(): Track[] {
    return this.tracks.filter((one) => one.kind === "audio");
  }

  getVideoTracks(): Track[] {
    return this.tracks.filter((one) => one.kind === "video");
  }
}

let browser: Browser;
beforeEach(() => {
  browser = new Browser();
  const camera = (): Promise<Stream> => Promise.resolve(new Stream([new Track("audio"), new Track("video")]));
  const mediaDevices = {
    getUserMedia: camera,
    getDisplayMedia: () => Promise.resolve(new Stream([new Track("video")])),
    enumerateDevices: () => Promise.resolve([]),
  };
  Object.assign(browser.navigator, { mediaDevices });
  class Peer {
    addTransceiver(): void {
      // It can send.
    }
  }
  Object.assign(globalThis, { MediaStream: Stream, RTCPeerConnection: Peer });
  Object.assign(browser.window, { isSecureContext: true, sessionStorage: browser.sessionStorage });
  Object.assign(browser.document.getElementById("preview"), { play: () => Promise.resolve() });
});
afterEach(() => browser.leave());

/** What a page says beside the devices; loaded anew for each. */
async function opened(): Promise<{ note(): string; share(): Promise<void>; close(): void }> {
  const done = (): Promise<void> => Promise.resolve();
  const studio = new Studio(WORDS, "t", { changed: () => undefined, opened: done, picture: done });
  await studio.open();
  return {
    note: () => {
      studio.show(false);
      return browser.document.getElementById("screen-note").textContent;
    },
    share: async () => {
      browser.document.getElementById("screen-share").dispatch("click");
      await browser.settle();
    },
    close: () => studio.close(),
  };
}

test("a page that shared a screen and is loaded anew says that it shares it no more", async () => {
  const first = await opened();
  assert.equal(first.note(), "");
  await first.share();
  assert.equal(first.note(), "screen_silent");
  const anew = await opened();
  assert.equal(anew.note(), "screen_over");
});

test("whoever stopped sharing is not told of it", async () => {
  const first = await opened();
  await first.share();
  first.close();
  assert.equal((await opened()).note(), "");
});

test("a screen that the system keeps is told of; whoever changed their mind is told nothing", async () => {
  const page = await opened();
  const refused = async (name: string, message: string): Promise<string> => {
    const getDisplayMedia = (): Promise<Stream> => Promise.reject(new DOMException(message, name));
    Object.assign((browser.navigator as { mediaDevices?: object }).mediaDevices ?? {}, { getDisplayMedia });
    await page.share();
    return page.note();
  };
  assert.equal(await refused("NotAllowedError", "Permission denied"), "");
  assert.equal(await refused("NotAllowedError", "Permission denied by system"), "screen_kept");
  assert.equal(await refused("NotReadableError", "Could not start video source"), "screen_kept");
  assert.equal(await refused("NotAllowedError", "Permission denied"), "");
});
