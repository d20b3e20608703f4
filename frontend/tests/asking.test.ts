import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { HostAsking } from "../src/host/asking";
import { draftOf, HostPolls, stateWord } from "../src/host/polls";
import type { Command, PollEvent, QuestionEvent } from "../src/lib/frames";
import type { AskWords, HostAskWords } from "../src/lib/sentences";
import { type HostPoll, isOwnNow, ordered, share, Taps } from "../src/room/asked";
import { Asking } from "../src/room/asking";
import { Pending } from "../src/room/pending";
import { pollWord } from "../src/room/polls";
import { Browser, type FakeElement } from "./browser";

// Each sentence is its own key.
const WORDS = new Proxy({}, { get: (_, key) => String(key) }) as AskWords;
const POLL: PollEvent = {
  t: "poll",
  poll: 7,
  quiz: false,
  text: "先做什么",
  options: ["高处", "电话"],
  open: true,
  counts: [],
  right: [],
};

let browser: Browser;
let sent: Command[];
let isOpen: boolean;

beforeEach(() => {
  browser = new Browser();
  sent = [];
  isOpen = true;
});
afterEach(() => browser.leave());

function send(command: Command): boolean {
  if (isOpen) sent.push(command);
  return isOpen;
}

function page(): Asking {
  browser.document.elements.clear();
  return new Asking(WORDS, 1, "ask-wang-7", send);
}

function element(id: string): FakeElement {
  return browser.document.getElementById(id);
}

function tapped(place: number): void {
  element("poll-options").children[place]?.dispatch("click");
}

function lastId(): string {
  const last = sent[sent.length - 1];
  return last && "id" in last ? last.id : "";
}

function question(number: number, facts: Partial<QuestionEvent> = {}): QuestionEvent {
  const base = { name: "李", unit: "东岗村", text: `问${number}`, at: 0, votes: 0, state: "waiting" as const };
  return { t: "question", question: number, member: 2, ...base, ...facts };
}

test("questions stand as the server orders them", () => {
  const rows = [
    question(1, { state: "answered" }),
    question(2),
    question(3, { votes: 2 }),
    question(4, { state: "now" }),
  ];
  assert.deepEqual(
    ordered(rows).map((one) => one.question),
    [4, 3, 2, 1],
  );
});

test("a share of nobody is nothing", () => {
  assert.deepEqual([share(0, [0, 0]), share(1, [1, 2])], [0, 33]);
});

test("what was left empty in the form is no option, and its mark marks nothing", () => {
  const draft = draftOf(" 问 ", ["一", " ", "三 ", ""], [true, true, true, false]);
  assert.deepEqual(draft, { text: "问", options: ["一", "三"], right: [0, 1] });
});

test("what is said of a poll at the desk", () => {
  const poll = { poll: 1, quiz: false, text: "", options: [], right: [], counts: [], shown: false };
  assert.equal(stateWord({ ...poll, state: "prepared" }), "prepared");
  assert.equal(stateWord({ ...poll, state: "open" }), "is_open");
  assert.equal(stateWord({ ...poll, state: "closed" }), "is_closed");
  assert.equal(stateWord({ ...poll, state: "closed", shown: true }), "is_shown");
});

test("which sentence stands below the options", () => {
  const facts = { poll: POLL, choice: null, asked: null, isSent: true, refused: "" };
  const closed = { ...POLL, open: false };
  const quiz = { ...closed, quiz: true, right: [1] };
  assert.equal(pollWord(facts), "may_change");
  assert.equal(pollWord({ ...facts, asked: 0 }), "sending");
  assert.equal(pollWord({ ...facts, asked: 0, isSent: false }), "not_sent");
  assert.equal(pollWord({ ...facts, choice: 0 }), "chosen");
  assert.equal(pollWord({ ...facts, poll: closed }), "not_chosen");
  assert.equal(pollWord({ ...facts, poll: closed, choice: 0 }), "thanks");
  assert.equal(pollWord({ ...facts, poll: closed, refused: "poll_closed" }), "poll_closed");
  assert.equal(pollWord({ ...facts, poll: quiz, choice: 1 }), "is_right");
  assert.equal(pollWord({ ...facts, poll: quiz, choice: 0 }), "is_wrong");
});

test("a tap answers, another changes it, and only the last is sent again", async () => {
  const asking = page();
  asking.event(POLL);
  isOpen = false;
  tapped(0);
  assert.equal(element("poll-note").textContent, "not_sent");
  tapped(1);
  isOpen = true;
  asking.joined();
  assert.deepEqual(
    sent.map((one) => one.t === "poll_answer" && one.choice),
    [1],
  );
  asking.frame({ t: "answered", id: lastId(), poll: 7, choice: 1 });
  assert.equal(element("poll-note").textContent, "chosen");
  await browser.pass(20_000);
  assert.equal(sent.length, 1);
});

test("another device's answer is shown; a refused one is said", () => {
  const asking = page();
  asking.event(POLL);
  asking.frame({ t: "answered", id: "elsewhere", poll: 7, choice: 0 });
  assert.equal(element("poll-note").textContent, "chosen");
  assert.deepEqual([element("poll-options").hidden, element("poll-change").hidden], [true, false]);
  element("poll-change").dispatch("click");
  assert.equal(element("poll-options").hidden, false);
  tapped(1);
  asking.refused({ error: "poll_closed", t: "poll_answer", id: lastId() });
  asking.event({ ...POLL, open: false });
  assert.equal(element("poll-note").textContent, "poll_closed");
});

test("a result that was put away stays away, also on the next page", () => {
  page().event({ ...POLL, open: false });
  element("poll-done").dispatch("click");
  assert.equal(element("poll").hidden, true);
  const again = page();
  again.event({ ...POLL, open: false });
  assert.equal(element("poll").hidden, true);
  again.event({ ...POLL, poll: 8 });
  assert.equal(element("poll").hidden, false);
});

test("a question that waits lies over the chat until it is put off, and is taken up again", () => {
  const asking = page();
  asking.event(POLL);
  const stands = (): unknown[] => [
    browser.document.body.dataset.ask,
    ...["poll-rest", "poll-later", "poll-now"].map((id) => !element(id).hidden),
  ];
  assert.deepEqual(stands(), ["open", true, true, false]);
  element("poll-later").dispatch("click");
  assert.deepEqual(stands(), ["later", false, false, true]);
  element("poll-now").dispatch("click");
  assert.deepEqual(stands(), ["open", true, true, false]);
  tapped(0);
  asking.frame({ t: "stored", id: lastId(), item: 0 });
  assert.deepEqual(stands(), ["", true, false, false]);
  element("poll-change").dispatch("click");
  element("poll-later").dispatch("click");
  asking.event({ ...POLL, open: false });
  assert.deepEqual(stands(), ["", true, false, false]);
  asking.event({ ...POLL, poll: 8 });
  assert.deepEqual(stands(), ["open", true, true, false]);
});

test("a notice that is cut has a key that opens it, another one is folded again", () => {
  const asking = page();
  const keys = (): boolean[] => ["notice-open", "notice-close"].map((id) => !element(id).hidden);
  asking.event({ t: "pinned", text: "短" });
  assert.deepEqual(keys(), [false, false]);
  Object.assign(element("notice-text"), { scrollHeight: 120, clientHeight: 48 });
  asking.event({ t: "pinned", text: "很长的通知" });
  assert.deepEqual(keys(), [true, false]);
  element("notice-open").dispatch("click");
  assert.deepEqual([element("notice").className, ...keys()], ["pinned open", false, true]);
  asking.event({ t: "pinned", text: "另一条很长的通知" });
  assert.deepEqual([element("notice").className, ...keys()], ["pinned", true, false]);
});

test("a question is kept in its field until it is stored", async () => {
  const asking = page();
  element("ask-text").value = "转移到哪里";
  element("ask").dispatch("submit", { preventDefault: () => undefined });
  const id = lastId();
  asking.refused({ error: "try_again", t: "ask", id });
  assert.equal(element("ask-text").value, "转移到哪里");
  await browser.pass(5000);
  assert.deepEqual(
    sent.map((one) => "id" in one && one.id),
    [id, id],
  );
  asking.frame({ t: "stored", id, item: 3 });
  assert.deepEqual([element("ask-text").value, element("ask-note").textContent], ["", "asked"]);
});

test("whoever is muted reads so, and keeps the words", () => {
  const asking = page();
  element("ask-text").value = "问";
  element("ask").dispatch("submit", { preventDefault: () => undefined });
  asking.refused({ error: "muted", t: "ask", id: lastId() });
  assert.deepEqual([element("ask-text").value, element("ask-note").textContent], ["问", "muted"]);
});

test("nobody asks while the hosts have closed the chat, and the words stay", () => {
  const asking = page();
  asking.show(true, true);
  const form = (): unknown[] => [
    element("ask-text").disabled,
    element("ask-send").disabled,
    element("ask-note").textContent,
  ];
  element("ask-text").value = "问";
  element("ask").dispatch("submit", { preventDefault: () => undefined });
  // The chat has to know, too.
  assert.equal(asking.event({ t: "room", chat: false, locked: false }), false);
  asking.refused({ error: "chat_off", t: "ask", id: lastId() });
  asking.show(true, true);
  assert.deepEqual([...form(), element("ask-text").value], [true, true, "chat_off", "问"]);
  asking.allow(true);
  assert.deepEqual(form(), [false, false, ""]);
  asking.allow(false);
  asking.show(false, false);
  asking.allow(true);
  assert.deepEqual(form().slice(0, 2), [true, true]);
});

test("a vote that is refused is taken back", () => {
  const asking = page();
  asking.event(question(3));
  const also = (): FakeElement | undefined => element("questions").children[0]?.children[2];
  also()?.dispatch("click");
  assert.equal(also()?.textContent, "also_on");
  asking.refused({ error: "answered", t: "vote", id: lastId() });
  assert.equal(also()?.textContent, "also");
});

test("votes change a row in place, and only what changed its place is moved", () => {
  const asking = page();
  for (const number of [1, 2, 3]) asking.event(question(number));
  const rows = (): (string | undefined)[] => element("questions").children.map((row) => row.children[0]?.textContent);
  const [first, second, third] = element("questions").children;
  const also = third?.children[2];
  asking.event({ t: "votes", questions: [3], votes: [5] });
  assert.deepEqual(rows(), ["问3", "问1", "问2"]);
  assert.equal(also?.textContent, "also · also_count");
  assert.equal(element("questions").children[0], third);
  assert.deepEqual(element("questions").moved, [first, second, third, third]);
  // The tap that had begun on the button is one of the button that stands there.
  also?.dispatch("click");
  assert.equal(also?.textContent, "also_on · also_count");
  asking.event({ t: "marked", question: 3, state: "answered" });
  assert.deepEqual(rows(), ["问1", "问2", "问3"]);
  assert.deepEqual([element("questions").children[0], element("questions").children[1]], [first, second]);
});

test("one that goes down the list is moved alone", () => {
  const asking = page();
  for (const number of [1, 2, 3]) asking.event(question(number, { votes: 9 - number }));
  const [first, , third] = element("questions").children;
  asking.event({ t: "votes", questions: [1], votes: [0] });
  assert.equal(element("questions").children[2], first);
  assert.deepEqual(element("questions").moved.slice(3), [first]);
  assert.equal(element("questions").children[1], third);
});

test("a phone shows fifty questions and one's own, and counts them all", () => {
  const asking = page();
  for (let number = 1; number <= 60; number += 1) asking.event(question(number, { member: number === 58 ? 1 : 2 }));
  const rows = element("questions").children;
  assert.equal(rows.length, 51);
  assert.equal(rows[50]?.children[0]?.textContent, "问58");
});

test("a poll's count grows in place, and the question whether to delete one outlives what is told", async () => {
  const polls = new HostPolls(WORDS as unknown as HostAskWords, new Pending(send), send, () => undefined);
  const open: HostPoll = { ...POLL, state: "open", counts: [0, 0], shown: false };
  const told = (): void => polls.told([open, { ...open, poll: 8, state: "prepared", counts: [] }]);
  told();
  const drop = (): FakeElement | undefined => element("polls").children[0]?.children[5]?.children[2];
  drop()?.dispatch("click");
  assert.equal(drop()?.textContent, "drop_sure");
  const close = element("polls").children[1]?.children[5]?.children[0];
  polls.tally({ t: "tally", poll: 7, counts: [1, 0] });
  told();
  assert.equal(element("polls").children[1]?.children[5]?.children[0], close);
  // Also a row that is made anew, because somebody changed its words, still asks.
  polls.told([{ ...open, poll: 8, state: "prepared", counts: [], text: "改了" }]);
  const again = (): FakeElement | undefined => element("polls").children[0]?.children[5]?.children[2];
  assert.equal(again()?.textContent, "drop_sure");
  await browser.pass(7000);
  assert.equal(again()?.textContent, "drop");
  again()?.dispatch("click");
  again()?.dispatch("click");
  assert.deepEqual(sent, [{ t: "poll_drop", poll: 8 }]);
});

test("the asker is told, and others do not see what was hidden", () => {
  const asking = page();
  asking.event(question(3, { member: 1 }));
  asking.event(question(4));
  asking.event({ t: "marked", question: 3, state: "now" });
  assert.equal(element("ask-note").textContent, "own_now");
  asking.event({ t: "marked", question: 4, state: "hidden" });
  asking.event({ t: "votes", questions: [3, 9], votes: [5, 1] });
  assert.equal(element("questions").children.length, 1);
  asking.event({ t: "marked", question: 3, state: "hidden" });
  assert.equal(element("ask-note").textContent, "own_hidden");
});

test("notice and reactions come and go", async () => {
  const asking = page();
  asking.event({ t: "pinned", text: "三点集合" });
  assert.deepEqual([element("notice").hidden, element("notice-text").textContent], [false, "三点集合"]);
  asking.event({ t: "pinned", text: "" });
  assert.equal(element("notice").hidden, true);
  asking.event({ t: "reactions", kinds: ["clap", "unclear", "other"] });
  assert.equal(element("reacted").children.length, 2);
  await browser.pass(5000);
  assert.equal(element("reacted").children.length, 0);
  element("react-clap").dispatch("click");
  assert.deepEqual(sent, [{ t: "react", kind: "clap" }]);
  asking.refused({ error: "slow_down", t: "react" });
  assert.equal(element("react-note").textContent, "react_slow");
});

test("what was answered is not sent again; a stranger's id is not ours", async () => {
  const pending = new Pending(send);
  const said: string[] = [];
  pending.put({ t: "vote", id: "a", question: 1, on: true }, (error) => said.push(error));
  await browser.pass(8500);
  assert.equal(sent.length, 2);
  assert.deepEqual([pending.stored("b"), pending.refused({ error: "own", id: "b" })], [false, false]);
  assert.equal(pending.stored("a"), true);
  pending.resend();
  assert.deepEqual([said, sent.length], [[""], 2]);
});

test("the same id again takes the place of the one before, and nothing of that is sent any more", async () => {
  const pending = new Pending(send);
  const poll = { t: "poll_save" as const, id: "a", poll: 3, quiz: false, options: ["一", "二"], right: [] };
  const said: string[] = [];
  pending.put({ ...poll, text: "旧" }, () => said.push("old"));
  pending.put({ ...poll, text: "新" }, () => said.push("new"));
  pending.stored("a");
  await browser.pass(30_000);
  assert.deepEqual([said, sent.length], [["new"], 2]);
});

test("a question that is under way is not asked twice, however often the page shows itself", () => {
  const asking = page();
  const ask = (): void => element("ask").dispatch("submit", { preventDefault: () => undefined });
  element("ask-text").value = "转移到哪里";
  ask();
  asking.show(true, true);
  assert.equal(element("ask-send").disabled, true);
  element("ask-text").value = "转移到哪里？";
  ask();
  assert.equal(sent.length, 1);
  asking.frame({ t: "stored", id: lastId(), item: 3 });
  assert.equal(element("ask-send").disabled, false);
});

test("how many cannot hear is what the room says now, also when the line was away as it changed", () => {
  const asking = new HostAsking(WORDS as unknown as HostAskWords, send, () => undefined);
  asking.event({ t: "unclear", people: 3 });
  assert.equal(element("unclear").hidden, false);
  asking.joined(0);
  assert.deepEqual([element("unclear").hidden, element("unclear").textContent], [true, ""]);
  asking.joined(2);
  assert.deepEqual([element("unclear").hidden, element("unclear").textContent], [false, "unclear"]);
});

test("a poll is saved once, and an answer that comes late leaves the next form alone", async () => {
  const pending = new Pending(send);
  let looks = 0;
  new HostPolls(WORDS as unknown as HostAskWords, pending, send, () => {
    looks += 1;
  });
  const save = (): void => element("poll-form").dispatch("submit", { preventDefault: () => undefined });
  const write = (): void => {
    element("poll-new").dispatch("click");
    element("poll-new-text").value = "先做什么";
    element("poll-option-0").value = "高处";
    element("poll-option-1").value = "电话";
  };
  write();
  save();
  save();
  assert.deepEqual([sent.length, element("poll-save").disabled], [1, true]);
  const first = lastId();
  write();
  assert.equal(element("poll-save").disabled, false);
  pending.stored(first);
  assert.deepEqual([looks, element("poll-form").hidden], [1, false]);
  save();
  pending.stored(lastId());
  assert.deepEqual([sent.length, looks, element("poll-form").hidden], [2, 2, true]);
  await browser.pass(30_000);
  assert.equal(sent.length, 2);
});

test("a double tap takes nothing back, a later one does", () => {
  const taps = new Taps();
  assert.equal(taps.isTwice(1, 0), false);
  assert.equal(taps.isTwice(1, 300), true);
  assert.equal(taps.isTwice(2, 350), false);
  assert.equal(taps.isTwice(1, 2000), false);
});

test("whose question is being answered is told so wherever they look", () => {
  const one = { ...question(1), member: 7, state: "now" as const };
  assert.equal(isOwnNow([one], 7), true);
  assert.equal(isOwnNow([one], 8), false);
  assert.equal(isOwnNow([{ ...one, state: "answered" }], 7), false);
});
