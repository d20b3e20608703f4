import assert from "node:assert/strict";
import { test } from "node:test";
import { partLine, preparedLines, readText } from "../src/host/prepared";
import { wordsOf } from "../src/player/captions";
import { CaptionList, shownLines, Turns } from "../src/room/captions";

test("a long line is parted after punctuation, else at a space, else anywhere", () => {
  assert.deepEqual(partLine(`${"一".repeat(30)}，${"二".repeat(20)}`), [`${"一".repeat(30)}，`, "二".repeat(20)]);
  assert.deepEqual(partLine("one two ".repeat(7)), ["one two one two one two one two one two", "one two one two"]);
  assert.deepEqual(
    partLine("字".repeat(85)).map((part) => part.length),
    [40, 40, 5],
  );
  assert.deepEqual(partLine("  "), []);
});

test("a prepared text is its lines; of a file of captions the words alone", () => {
  assert.deepEqual(preparedLines("\ufeff同志们好\r\n\r\n 7 \n今天讲防汛"), ["同志们好", "7", "今天讲防汛"]);
  assert.deepEqual(preparedLines("1\n00:00:01,000 --> 00:00:02,000\n<i>一</i>\n二\n\n2\n00:03 --> 00:04\n三"), [
    "一",
    "二",
    "三",
  ]);
  assert.deepEqual(preparedLines("WEBVTT\n\n00:01.000 --> 00:02.000\n一"), ["一"]);
  assert.equal(preparedLines("字\n".repeat(6000)).length, 5000);
});

test("a prepared text is parted after each sentence, whatever closes it", () => {
  assert.deepEqual(preparedLines("同志们好！他说：“水来了。”真的吗？！防汛要早；转移要快……\n散会"), [
    "同志们好！",
    "他说：“水来了。”",
    "真的吗？！",
    "防汛要早；",
    "转移要快……",
    "散会",
  ]);
  assert.deepEqual(preparedLines(`${"一".repeat(30)}，${"二".repeat(20)}。三。`), [
    `${"一".repeat(30)}，`,
    `${"二".repeat(20)}。`,
    "三。",
  ]);
});

test("a file is read as UTF-8, else as GBK, else not", () => {
  const bytes = (...values: number[]): ArrayBuffer => new Uint8Array(values).buffer;
  assert.equal(readText(new TextEncoder().encode("字").buffer as ArrayBuffer), "字");
  assert.equal(readText(bytes(0xd7, 0xd6)), "字");
  assert.equal(readText(bytes(0xff, 0xff)), null);
  assert.equal(readText(bytes(0)), null);
});

test("lines stand once and in order, and what was taken away stays away", () => {
  const list = new CaptionList();
  list.told([[1, "一"]]);
  assert(list.event({ t: "captions", lines: [3, 2], texts: ["三", "二"] }));
  assert(list.event({ t: "caption_dropped", line: 2 }));
  assert(!list.event({ t: "pinned", text: "" }));
  list.add([[2, "二"]]);
  assert.deepEqual(list.last(), [
    [1, "一"],
    [3, "三"],
  ]);
  assert.deepEqual(list.last(1), [[3, "三"]]);
});

test("parts that come together stand one after the other, the oldest first", () => {
  const waiting: (() => void)[] = [];
  const seen: string[] = [];
  const list = new CaptionList();
  const turns: Turns = new Turns(
    list,
    (then) => waiting.push(then),
    () => seen.push(list.last(1, turns.line)[0]?.[1] ?? ""),
  );
  list.told([[1, "前"]]);
  turns.skip();
  list.event({ t: "captions", lines: [2, 3, 4], texts: ["一", "二", "三"] });
  turns.go();
  assert.deepEqual(seen, ["前", "一"]);
  list.event({ t: "captions", lines: [5], texts: ["四"] });
  turns.go();
  list.event({ t: "caption_dropped", line: 4 });
  while (waiting.length) waiting.shift()?.();
  assert.deepEqual(seen, ["前", "一", "二", "四"]);
  list.event({ t: "captions", lines: [6], texts: ["五"] });
  turns.go();
  assert.equal(seen[seen.length - 1], "五");
});

test("two short lines are shown together, a long one alone", () => {
  assert.deepEqual(shownLines([]), []);
  assert.deepEqual(shownLines([[1, "一"]]), ["一"]);
  assert.deepEqual(
    shownLines([
      [1, "一"],
      [2, "二"],
    ]),
    ["一", "二"],
  );
  assert.deepEqual(
    shownLines([
      [1, "一".repeat(30)],
      [2, "二".repeat(30)],
    ]),
    ["二".repeat(30)],
  );
});

test("what the browser keeps time of is shown as text", () => {
  const cue = (textContent: string | null) => ({ getCueAsHTML: () => ({ textContent }) });
  assert.equal(wordsOf([cue("a < b"), cue(null), cue("二")]), "a < b\n\n二");
  assert.equal(wordsOf(null), "");
});

test("an answer that is older than the newest line fills what was missed, and takes nothing back", () => {
  const list = new CaptionList();
  list.told([[1, "一"]]);
  list.add([[3, "三"]]);
  list.drop(1);
  list.told(
    [
      [1, "一"],
      [2, "二"],
    ],
    true,
  );
  assert.deepEqual(list.last(), [
    [2, "二"],
    [3, "三"],
  ]);
});
