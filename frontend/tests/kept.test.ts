import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import * as lessons from "../src/kept/lesson";
import { canKeep, keepOnlyFor, keptOwner, nowKeptFor, readsLarge, rememberSize } from "../src/lib/kept";
import { Browser } from "./browser";

const BASE = "https://classroom.example";
const PLAYLIST = '#EXTM3U\n#EXT-X-MAP:URI="a-init.mp4"\n#EXTINF:4,\na-00000.m4s\n#EXTINF:4,\na-00001.m4s\n';
let browser: Browser;
let stores: Map<string, Map<string, Response>>;
let web: Record<string, string | number>;

/** Cache Storage as far as it is used. */
const storage = {
  keys: async () => Array.from(stores.keys()),
  has: async (name: string) => stores.has(name),
  delete: async (name: string) => stores.delete(name),
  open: async (name: string) => {
    const store = stores.get(name) ?? new Map<string, Response>();
    stores.set(name, store);
    return {
      put: async (url: string, response: Response) => store.set(url, response.clone()),
      match: async (asked: string | { url: string }) =>
        store.get(typeof asked === "string" ? asked : asked.url)?.clone(),
      keys: async () => Array.from(store.keys(), (url) => ({ url })),
      delete: async (url: string) => store.delete(url),
    };
  },
};

const lesson = (over: Partial<lessons.Lesson> = {}): lessons.Lesson => ({
  key: "1/2",
  number: 1,
  stamp: "s1",
  title: "第一讲",
  course: "急救",
  url: "/courses/1/2/",
  html: '<p>先看</p><img class="a" src="/courses/1/2/pictures/3/?v=1&amp;w=2">',
  quizzes: [],
  audio_url: "/m/t/f/audio.m3u8",
  sound: {
    owner: "wang",
    occasion: 1,
    media: "v",
    duration_ms: 8000,
    needed_ms: 6400,
    credited_ms: [],
    records: true,
    counts_from: 0,
    play_url: "/watch/1/play",
    report_url: "/watch/1/report",
  },
  ...over,
});

const never = async () => 0;

beforeEach(() => {
  browser = new Browser();
  stores = new Map();
  web = {
    "/courses/1/2/pictures/3/?v=1&w=2": "picture",
    "/m/t/f/audio.m3u8": PLAYLIST,
    [`${BASE}/m/t/f/a-init.mp4`]: "init",
    [`${BASE}/m/t/f/a-00000.m4s`]: "one",
    [`${BASE}/m/t/f/a-00001.m4s`]: "two",
  };
  Object.assign(globalThis.window, { caches: storage });
  Object.assign(globalThis, {
    location: { href: `${BASE}/courses/1/2/` },
    fetch: async (url: string) => {
      const found = web[url];
      if (found === undefined) throw new TypeError(`no network for ${url}`);
      return typeof found === "number" ? new Response("", { status: found }) : new Response(found);
    },
  });
});
afterEach(() => browser.leave());

test("kept: the size of type that a person chose is there without a line, and follows a change", () => {
  const root = { dataset: { mode: "elder" } as Record<string, string> };
  Object.assign(globalThis.document, { documentElement: root });
  assert.equal(readsLarge(), false);
  rememberSize();
  assert.equal(readsLarge(), true);
  delete root.dataset.mode;
  rememberSize();
  assert.equal(readsLarge(), false);
});

test("kept: a playlist names the parts of one file, each once and in order", () => {
  assert.deepEqual(lessons.partsOf(PLAYLIST, `${BASE}/m/t/f/audio.m3u8`), [
    `${BASE}/m/t/f/a-init.mp4`,
    `${BASE}/m/t/f/a-00000.m4s`,
    `${BASE}/m/t/f/a-00001.m4s`,
  ]);
});

test("kept: text, pictures and the sound as one file; how far it has come is told", async () => {
  const told: number[] = [];
  const kept = await lessons.keep("wang", lesson(), 7, (share) => told.push(share));
  assert.deepEqual(told, [0.25, 0.5, 0.75, 1]);
  assert.equal(await (await lessons.soundOf("wang", "1/2"))?.text(), "initonetwo");
  assert.equal(await (await lessons.blobOf("wang", "/courses/1/2/pictures/3/?v=1&w=2"))?.text(), "picture");
  assert.deepEqual([kept.session, kept.hasSound], [7, true]);
  assert.deepEqual(
    (await lessons.all("wang")).map((one) => one.key),
    ["1/2"],
  );
});

test("kept: a lesson of text alone has no sound; what did not come is not said to be kept", async () => {
  const kept = await lessons.keep("wang", lesson({ audio_url: "", html: "<p>字</p>" }), 0, () => undefined);
  assert.equal(kept.hasSound, false);
  web["/m/t/f/audio.m3u8"] = 404;
  const came = await lessons.keep("wang", lesson({ key: "1/3" }), 0, () => undefined).catch(() => "nothing");
  assert.equal(came, "nothing");
  assert.equal(await lessons.read("wang", "1/3"), null);
});

test("kept: nobody else of the phone sees it, and another's sign-in deletes it", async () => {
  await lessons.keep("wang", lesson(), 7, () => undefined);
  nowKeptFor("wang");
  assert.deepEqual(await lessons.all("li"), []);
  await keepOnlyFor("wang");
  assert.equal((await lessons.all("wang")).length, 1);
  stores.set("shell-2", new Map());
  await keepOnlyFor("li");
  assert.deepEqual([Array.from(stores.keys()), keptOwner()], [["shell-2"], ""]);
});

test("kept: signed out, everything goes", async () => {
  await lessons.keep("wang", lesson(), 7, () => undefined);
  nowKeptFor("wang");
  await keepOnlyFor("");
  assert.deepEqual([stores.size, keptOwner()], [0, ""]);
});

test("kept: removed, its pictures and its sound go along", async () => {
  await lessons.keep("wang", lesson(), 7, () => undefined);
  await lessons.remove("wang", "1/2");
  assert.equal(stores.get("kept:wang")?.size, 0);
});

test("kept: withdrawn meanwhile, it goes and says so; without a network it stays", async () => {
  const kept = await lessons.keep("wang", lesson(), 7, () => undefined);
  assert.deepEqual(await lessons.check("wang", [kept], never), []);
  assert.equal((await lessons.all("wang")).length, 1);
  web["/courses/saved.json?of=1/2"] = JSON.stringify({ stamps: {}, gone: { "1/2": "老师正在修改" } });
  assert.deepEqual(await lessons.check("wang", [kept], never), ["第一讲：老师正在修改"]);
  assert.deepEqual(await lessons.all("wang"), []);
});

test("kept: what the server lets stay was checked now; what has changed since says so", async () => {
  const kept = await lessons.keep("wang", lesson(), 7, () => undefined);
  await lessons.write("wang", { ...kept, checkedAt: 1 });
  for (const [stamp, isChanged] of [
    ["s2", true],
    ["s1", false],
  ]) {
    web["/courses/saved.json?of=1/2"] = JSON.stringify({ stamps: { "1/2": stamp }, gone: {} });
    await lessons.check("wang", await lessons.all("wang"), never);
    assert.equal((await lessons.read("wang", "1/2"))?.isChanged, isChanged);
  }
  assert.equal(((await lessons.read("wang", "1/2"))?.checkedAt ?? 0) > 1, true);
});

test("kept: what does not come leaves nothing behind, and what was kept before stays", async () => {
  web["/m/t/f/audio.m3u8"] = 404;
  const fails = (over = {}) => lessons.keep("wang", lesson(over), 7, () => undefined).catch(() => "nothing");
  assert.equal(await fails(), "nothing");
  assert.equal(stores.get("kept:wang")?.size, 0);
  web["/m/t/f/audio.m3u8"] = PLAYLIST;
  await lessons.keep("wang", lesson(), 7, () => undefined);
  const stored = Array.from(stores.get("kept:wang")?.keys() ?? []);
  web["/new"] = "new";
  web["/m/t/f/audio.m3u8"] = 404;
  assert.equal(await fails({ html: '<img src="/new">' }), "nothing");
  assert.deepEqual(Array.from(stores.get("kept:wang")?.keys() ?? []), stored);
  await lessons.keep("wang", lesson({ html: '<img src="/new">', audio_url: "" }), 0, () => undefined);
  assert.deepEqual(Array.from(stores.get("kept:wang")?.keys() ?? []), ["/kept/1/2/lesson", "/new"]);
});

test("kept: more than the server answers about at once are asked in turns", async () => {
  const many = Array.from({ length: 61 }, (_, n) => ({ ...lesson({ key: `1/${n}`, number: n }) }));
  const kept = many.map((one) => ({ ...one, session: 1, bytes: 1, checkedAt: 1, hasSound: false }));
  for (const one of kept) await lessons.write("wang", one);
  for (const some of [kept.slice(0, 60), kept.slice(60)]) {
    const stamps: Record<string, string> = {};
    for (const one of some) stamps[one.key] = "s2";
    web[`/courses/saved.json?of=${some.map((one) => one.key).join(",")}`] = JSON.stringify({ stamps, gone: {} });
  }
  await lessons.check("wang", kept, never);
  const now = await lessons.all("wang");
  assert.deepEqual([now.length, now.every((one) => one.isChanged && one.checkedAt > 1)], [61, true]);
  assert.deepEqual(
    now.slice(9, 12).map((one) => one.number),
    [9, 10, 11],
  );
});

test("kept: one kept before its course began has its sitting once that has", async () => {
  const begin = async () => 9;
  web["/courses/saved.json?of=1/2"] = JSON.stringify({ stamps: { "1/2": "s1" }, gone: {} });
  for (const [from, session] of [
    [Date.now() + 60_000, 0],
    [null, 0],
    [Date.now() - 1, 9],
  ]) {
    const sound = { ...lesson().sound, records: false, counts_from: from as number | null };
    const kept = await lessons.keep("wang", lesson({ sound }), 0, () => undefined);
    await lessons.check("wang", [kept], begin);
    const now = await lessons.read("wang", "1/2");
    assert.deepEqual([now?.session, now?.sound.records], [session, session === 9]);
  }
  const kept = await lessons.keep("wang", lesson(), 0, () => undefined);
  await lessons.check("wang", [kept], () => Promise.reject(new Error("no")));
  assert.equal((await lessons.read("wang", "1/2"))?.session, 0);
});

test("kept: a browser without caches keeps nothing, and says so", async () => {
  Object.assign(globalThis.window, { caches: undefined });
  Reflect.deleteProperty(globalThis.window, "caches");
  assert.equal(canKeep(), false);
  await keepOnlyFor("wang");
});

test("courses of one name stand under headings of their own, with who gives them", () => {
  const of = (occasion: number, number: number, course: string, unit?: string): lessons.Lesson =>
    lesson({ key: `${occasion}/${number}`, number, course, unit, sound: { ...lesson().sound, occasion } });
  const kept = [of(2, 1, "急救", "县"), of(1, 1, "急救", "支部"), of(2, 2, "急救", "县"), of(3, 1, "防汛", "县")];
  kept.sort(lessons.inOrder);
  assert.deepEqual(
    kept.map((one) => one.key),
    ["1/1", "2/1", "2/2", "3/1"],
  );
  assert.deepEqual(lessons.headings(kept), ["急救 · 支部", "急救 · 县", "", "防汛"]);
  assert.deepEqual(lessons.headings([of(1, 1, "急救"), of(2, 1, "急救")]), ["急救", "急救"]);
});
