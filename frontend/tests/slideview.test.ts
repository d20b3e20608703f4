/** Slides on a page that was given no address of them: after the end, or to somebody who was asked out. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { HostSlides } from "../src/host/slides";
import type { HostSlideWords, SlideWords } from "../src/lib/sentences";
import { SlideView } from "../src/lib/slideview";
import { Browser, type FakeElement } from "./browser";

const WORDS = new Proxy({}, { get: (_, key) => String(key) }) as HostSlideWords & SlideWords;
const SHOWN = { deck: "ab", page: 1, pages: 2 };
const NONE = { deck: "", page: 0, pages: 0 };

interface Picture {
  src?: string;
}

let browser: Browser;
beforeEach(() => {
  browser = new Browser();
  Object.assign(globalThis, { Image: class {} });
  Object.assign(browser.window, { innerWidth: 360, devicePixelRatio: 1 });
});
afterEach(() => browser.leave());

function picture(id: string): Picture {
  return browser.document.getElementById(id) as Picture;
}

test("no slide is asked for below nothing, and it comes once there is an address", async () => {
  let url = "";
  const parts = { box: "slide", picture: "slide-page", lost: "slide-lost" };
  const found = Object.entries(parts).map(([name, id]) => [name, browser.document.getElementById(id)]);
  const view = new SlideView(WORDS, url, Object.fromEntries(found), () => Promise.resolve(url));
  view.show(SHOWN);
  await browser.settle();
  assert.equal(picture("slide-page").src, undefined);
  url = "/m/t/";
  await browser.pass(3000);
  assert.equal(picture("slide-page").src, "/m/t/ab/720/1.jpg");
  view.show(NONE);
  await browser.pass(3000);
  assert.equal(browser.document.getElementById("slide-lost").hidden, true);
});

test("the desk of a lecture whose end was undone draws the strip once it knows the address", async () => {
  const strip = browser.document.getElementById("slides-strip");
  const srcs = (): (string | undefined)[] => strip.children.map((one: FakeElement) => (one.children[0] as Picture).src);
  const deck = { id: 1, deck: "ab", name: "n", state: "ready", pages: 2, done: 2, fault: "", replaces: "" };
  browser.answers = () => ({ status: 200, body: { decks: [deck], url: "/m/t/" } });
  const urls = { slides: "/slides", papers: "/papers", slides_remove: "/remove" };
  const slides = new HostSlides(WORDS, urls, "", () => true);
  slides.told(SHOWN);
  assert.deepEqual(srcs(), []);
  await browser.settle();
  assert.deepEqual(srcs(), ["/m/t/ab/240/1.jpg", "/m/t/ab/240/2.jpg"]);
});
