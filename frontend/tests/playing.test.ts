/** Which way a film or a lecture is played, and what a thing that goes wrong means. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Abilities, choose, chooseWithout, type Way } from "../src/lib/hls";
import { secondsAhead } from "../src/player/buffer";
import { Faults, type Remedy } from "../src/player/faults";
import { isLine, patient, pieceAt } from "../src/player/line";
import { type Look, Standstill } from "../src/player/standstill";
import { firstVia, otherVia, patience } from "../src/room/ways";

const CHROME: Abilities = { canBeFed: true, playsLists: false };
const IPHONE: Abilities = { canBeFed: false, playsLists: true };
const SAFARI: Abilities = { canBeFed: true, playsLists: true };
const OLD_WEBVIEW: Abilities = { canBeFed: false, playsLists: false };

const CHOICES: [string, string, Abilities, boolean, Way][] = [
  ["Chrome is fed a list", "/m/master.m3u8", CHROME, true, "library"],
  ["a signed list is one, too", "/m/master.m3u8?s=1", CHROME, true, "library"],
  ["Safari is fed though it could by itself", "/m/master.m3u8", SAFARI, true, "library"],
  ["an iPhone plays lists by itself", "/m/master.m3u8", IPHONE, true, "native"],
  ["an old WebView gets the sound", "/m/master.m3u8", OLD_WEBVIEW, true, "sound"],
  ["or nothing, where there is none", "/m/master.m3u8", OLD_WEBVIEW, false, "none"],
  ["a plain file plays everywhere", "/m/sound.m4a?s=1", OLD_WEBVIEW, false, "native"],
  ["also where a script could feed it", "/m/sound.m4a", CHROME, false, "native"],
  ["a name within the query is no list", "/m/sound.m4a?of=a.m3u8x", CHROME, false, "native"],
];
for (const [name, url, can, hasSound, way] of CHOICES) {
  test(`choice: ${name}`, () => assert.equal(choose(url, can, hasSound), way));
}

const WITHOUT: [string, "missing" | "unsupported", Abilities, boolean, string][] = [
  ["its script did not come: the line", "missing", CHROME, true, "wait"],
  ["it did not come, and the browser can by itself", "missing", SAFARI, true, "native"],
  ["it does not run here, the browser can by itself", "unsupported", SAFARI, true, "native"],
  ["it does not run here: the sound", "unsupported", CHROME, true, "sound"],
  ["it does not run here, and no sound", "unsupported", CHROME, false, "none"],
];
for (const [name, library, can, hasSound, way] of WITHOUT) {
  test(`choice without hls.js: ${name}`, () => assert.equal(chooseWithout(library, can, hasSound), way));
}

const LINES: [number, number, boolean][] = [
  [0, 0, true],
  [0, 99, true],
  [500, 0, true],
  [503, 7, true],
  [503, 8, false],
  [404, 0, false],
  [403, 0, false],
  [410, 0, false],
];
for (const [code, count, expected] of LINES) {
  test(`${code} after ${count} tries is ${expected ? "the line" : "an answer"}`, () => {
    assert.equal(isLine(code, count), expected);
    const retry = patient(1000).default.errorRetry;
    assert(retry?.shouldRetry);
    const answer = code ? { code, url: "", data: undefined } : undefined;
    assert.equal(retry.shouldRetry(retry, count, false, answer, false), expected, "hls.js tries again exactly then");
    assert.equal(retry.shouldRetry(retry, count, true, answer, false), true, "and after a time-out always");
  });
}

const LIST = "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6.0,\n1.m4s\n#EXTINF:6.0,\n2.m4s\r\n#EXTINF:2.5,\n3.m4s\n";
const PIECES: [number, string][] = [
  [0, "1.m4s"],
  [5.9, "1.m4s"],
  [6, "2.m4s"],
  [12.1, "3.m4s"],
  [99, "3.m4s"],
];
for (const [second, name] of PIECES) {
  test(`the piece at second ${second} is ${name}`, () => {
    assert.deepEqual(pieceAt(LIST, "https://site/m/x/480p.m3u8?s=1", second), {
      url: `https://site/m/x/${name}`,
      isList: false,
    });
  });
}

test("of a list of lists the first is asked", () => {
  const master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n480p.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\n720p.m3u8\n";
  assert.deepEqual(pieceAt(master, "https://site/m/x/master.m3u8", 8), {
    url: "https://site/m/x/480p.m3u8",
    isList: true,
  });
});

// Faults at those moments (ms), with so many rungs: what is done about each.
const FAULTS: [string, [number, number | null, Remedy][]][] = [
  [
    "each time the next thing",
    [
      [100_000, 3, "recover"],
      [102_000, 3, "swap"],
      [104_000, 3, "lower"],
      [106_000, 2, "lower"],
      [108_000, 1, "give_up"],
    ],
  ],
  [
    "with one rung no lower one",
    [
      [100_000, 1, "recover"],
      [102_000, 1, "swap"],
      [104_000, 1, "give_up"],
    ],
  ],
  [
    "told twice within a moment",
    [
      [100_000, 3, "recover"],
      [100_300, 3, "same"],
      [100_699, 3, "same"],
      [100_700, 3, "swap"],
    ],
  ],
  [
    "forgotten after a minute",
    [
      [100_000, 3, "recover"],
      [102_000, 3, "swap"],
      [162_001, 3, "recover"],
    ],
  ],
  [
    "not forgotten before",
    [
      [100_000, 3, "recover"],
      [160_000, 3, "swap"],
    ],
  ],
  [
    "without hls.js new addresses once",
    [
      [100_000, null, "refresh"],
      [102_000, null, "give_up"],
    ],
  ],
];
for (const [name, rows] of FAULTS) {
  test(`faults: ${name}`, () => {
    const faults = new Faults();
    assert.deepEqual(
      rows.map(([now, rungs]) => faults.next(now, rungs)),
      rows.map(([, , remedy]) => remedy),
    );
  });
}

test("faults: another source begins anew", () => {
  const faults = new Faults();
  faults.next(100_000, 3);
  faults.anew();
  assert.equal(faults.next(102_000, 3), "recover");
});

const STILL: Look = { time: 5, isIdle: false, isBlack: false, isReady: true };
const LOOKS: [string, (second: number) => Look, string, number][] = [
  ["it moves", (second) => ({ ...STILL, time: second }), "", 60],
  ["ready and still", () => STILL, "fault", 12],
  ["still, and nothing ready", () => ({ ...STILL, isReady: false }), "nothing", 32],
  ["paused", () => ({ ...STILL, isIdle: true }), "", 60],
  ["black while it moves", (second) => ({ ...STILL, time: second, isBlack: true }), "fault", 9],
  ["black and paused", () => ({ ...STILL, isBlack: true, isIdle: true }), "", 60],
  ["a hitch is none", (second) => ({ ...STILL, time: Math.floor(second / 9) }), "", 60],
];
for (const [name, look, expected, after] of LOOKS) {
  test(`standstill: ${name}`, () => {
    const standstill = new Standstill();
    const found: string[] = [];
    for (let second = 1; second <= after; second += 1) found.push(standstill.look(look(second), 1000));
    assert.equal(found.pop(), expected);
    assert.equal(found.join(""), "", "and not before");
  });
}

test("standstill: told once, then it has its time again", () => {
  const standstill = new Standstill();
  const found = Array.from({ length: 30 }, () => standstill.look(STILL, 1000)).filter(Boolean);
  assert.deepEqual(found, ["fault", "fault"]);
});

function ranges(...spans: [number, number][]): TimeRanges {
  const at = (index: number): [number, number] => spans[index] ?? [0, 0];
  return { length: spans.length, start: (index) => at(index)[0], end: (index) => at(index)[1] };
}
const BUFFERS: [string, TimeRanges, number, number][] = [
  ["nothing", ranges(), 3, 0],
  ["in the middle", ranges([0, 10]), 3, 7],
  ["just before it begins", ranges([3.4, 10]), 3, 7],
  ["behind a hole", ranges([0, 2], [5, 9]), 3, 0],
  ["in the second span", ranges([0, 2], [5, 9]), 6, 3],
  ["at its very end", ranges([0, 3]), 3, 0],
];
for (const [name, buffered, currentTime, expected] of BUFFERS) {
  test(`ahead: ${name}`, () => assert.equal(secondsAhead({ buffered, currentTime }), expected));
}

test("room: WebRTC first, HLS after two failures in a row", () => {
  assert.deepEqual([0, 1, 2, 5].map(firstVia), ["auto", "auto", "hls", "hls"]);
});
test("room: after each way the other", () => {
  assert.deepEqual(
    [otherVia("webrtc", "auto"), otherVia("none", "auto"), otherVia("hls", "auto"), otherVia("none", "hls")],
    ["hls", "hls", "auto", "auto"],
  );
});
test("room: patience grows, and has an end", () => {
  const on = { airing: true, tries: 0 };
  assert.deepEqual([patience("webrtc", on), patience("hls", on), patience("none", on)], [8000, 14_000, 8000]);
  assert.equal(patience("webrtc", { airing: true, tries: 3 }), 17_000);
  assert.equal(patience("hls", { airing: true, tries: 50 }), 40_000);
  assert.equal(patience("webrtc", { airing: false, tries: 0 }), 25_000);
});
