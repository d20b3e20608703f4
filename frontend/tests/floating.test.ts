/** The small window above other apps: offered only where there is one and a picture that could go there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { floating } from "../src/lib/floating";

class Key extends EventTarget {
  hidden = true;
}

function offered(page: object, video: object): { key: Key; show: (wanted: boolean) => void } {
  Object.assign(globalThis, { document: page });
  const key = new Key();
  return { key, show: floating(video as HTMLVideoElement, key as unknown as HTMLElement) };
}

test("floating: no window, no picture or no wish for one: no key", () => {
  const has = { pictureInPictureEnabled: true };
  const video = { videoWidth: 640, requestPictureInPicture: async () => undefined };
  const seen = (page: object, of: object, wanted = true): boolean => {
    const { key, show } = offered(page, of);
    show(wanted);
    return !key.hidden;
  };
  assert.equal(seen(has, video), true);
  assert.equal(seen(has, video, false), false);
  assert.equal(seen(has, { ...video, videoWidth: 0 }), false);
  assert.equal(seen({}, video), false);
  assert.equal(seen(has, { videoWidth: 640 }), false);
  assert.equal(seen({}, { videoWidth: 640, webkitSupportsPresentationMode: () => true }), true);
});

test("floating: in and out again, and a refusal leaves the key", async () => {
  const did: string[] = [];
  const page = {
    pictureInPictureEnabled: true,
    pictureInPictureElement: null as unknown,
    exitPictureInPicture: async () => did.push("out"),
  };
  let isRefused = false;
  const video = {
    videoWidth: 640,
    requestPictureInPicture: async () => {
      if (isRefused) throw new Error("no picture");
      did.push("in");
    },
  };
  const { key } = offered(page, video);
  const press = async (): Promise<void> => {
    key.dispatchEvent(new Event("click"));
    await new Promise((done) => setTimeout(done));
  };
  await press();
  page.pictureInPictureElement = video;
  await press();
  assert.deepEqual(did, ["in", "out"]);
  page.pictureInPictureElement = null;
  isRefused = true;
  await press();
  assert.deepEqual(did, ["in", "out"]);
});

test("floating: Safari's way there and back", () => {
  const asked: string[] = [];
  const video = {
    videoWidth: 640,
    webkitPresentationMode: "inline",
    webkitSetPresentationMode: (mode: string) => asked.push(mode),
  };
  const { key } = offered({}, video);
  key.dispatchEvent(new Event("click"));
  video.webkitPresentationMode = "picture-in-picture";
  key.dispatchEvent(new Event("click"));
  assert.deepEqual(asked, ["picture-in-picture", "inline"]);
});

test("floating: without a picture the window goes, and another video's stays", async () => {
  const did: string[] = [];
  const video = { videoWidth: 640, requestPictureInPicture: async () => undefined };
  const page = {
    pictureInPictureEnabled: true,
    pictureInPictureElement: {} as unknown,
    exitPictureInPicture: async () => did.push("out"),
  };
  const { show } = offered(page, video);
  show(false);
  assert.deepEqual(did, []);
  page.pictureInPictureElement = video;
  show(true);
  assert.deepEqual(did, []);
  show(false);
  assert.deepEqual(did, ["out"]);
});
