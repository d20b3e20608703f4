import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { draftOf, stateWord } from "../src/host/polls";
import type { Command, PollEvent, QuestionEvent } from "../src/lib/frames";
import type { AskWords } from "../src/lib/sentences";
import { ordered, share } from "../src/room/asked";
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

test("a vote that is refused is taken back", () => {
  const asking = page();
  asking.event(question(3));
  const also = (): FakeElement | undefined => element("questions").children[0]?.children[2];
  also()?.dispatch("click");
  assert.equal(also()?.textContent, "also_on");
  asking.refused({ error: "answered", t: "vote", id: lastId() });
  assert.equal(also()?.textContent, "also");
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
