import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import {
  ANSWERS,
  cameOf,
  fetchQuiz,
  following,
  forgetSheets,
  type KeptQuiz,
  placesBy,
  sheetOf,
  standingOf,
  stateKey,
  Taking,
} from "../src/kept/quizzes";
import { keepOnlyFor } from "../src/lib/kept";
import { Outbox } from "../src/lib/outbox";
import { type Answer, Browser, chance } from "./browser";

let browser: Browser;

const question = (position: number, typed = "") => ({ position, html: "<p>题</p>", picked: [], typed });
const quiz = (over: Partial<KeptQuiz> = {}): KeptQuiz => ({
  quiz: 7,
  title: "防汛练习",
  attempt: 3,
  rules: "",
  costs: "",
  questions: [question(1), question(2), question(3, "旧的")],
  ahead_ms: 5000,
  ...over,
});

/** A page of one quiz: what it sends, and what it hears. */
function opened(owner = "wang", one = quiz()): Taking {
  const outbox: Outbox = new Outbox({
    owner,
    onAcknowledged: (entry, answer) => {
      const come = cameOf(entry, answer);
      if (come) taking.heard(come);
    },
    onRefused: (_, error) => taking.refused(error.message),
  });
  const taking: Taking = new Taking(owner, one, outbox);
  return taking;
}

const at = (one: Taking, position: number) => one.quiz.questions[position - 1] ?? question(position);
const open = { status: 200, body: { attempt: 3, is_submitted: false, said: "" } };
const handed = { status: 200, body: { attempt: 3, is_submitted: true, said: "答对 3 题中的 2 题，通过了。" } };

function answer(reply: Answer): void {
  browser.answers = () => reply;
}

beforeEach(() => {
  browser = new Browser();
  chance(0.5);
  answer(open);
});
afterEach(() => browser.leave());

test("quiz: an answer lies on the phone at once, and in the next page", async () => {
  browser.navigator.onLine = false;
  const taking = opened();
  taking.answer(at(taking, 1), [2], "");
  assert.equal(sheetOf("wang", 3).answers[1]?.at, Date.now() + 5000);
  assert.deepEqual([taking.isWaiting, taking.isRefused, taking.count], [true, false, 1]);
  assert.equal(stateKey(taking, false), "quiz_kept");
  assert.deepEqual(
    standingOf("wang", 3, (entry) => entry !== ""),
    { isHandedIn: false, result: "", isWaiting: true, count: 1 },
  );
  const again = opened();
  assert.deepEqual([again.given(at(again, 1))?.picked, again.open(), again.isWaiting], [[2], [2], true]);
  assert.equal(again.given(at(again, 3))?.typed, "旧的");
  assert.equal(browser.asked.length, 0);
});

test("quiz: one entry says all of it; the same answer again says nothing", async () => {
  browser.navigator.onLine = false;
  const taking = opened();
  taking.answer(at(taking, 1), [2], "");
  await browser.pass(250);
  taking.answer(at(taking, 2), [], "120");
  taking.answer(at(taking, 2), [], "120");
  browser.online(true);
  await browser.settle();
  assert.equal(browser.asked.length, 1);
  const { body, url } = browser.asked[0] ?? { body: {}, url: "" };
  assert.deepEqual([url, body.owner, body.attempt, body.submit], [ANSWERS, "wang", 3, false]);
  assert.deepEqual(body.answers, [
    { position: 1, picked: [2], typed: "", at: 1_005_000 },
    { position: 2, picked: [], typed: "120", at: 1_005_250 },
  ]);
  assert.deepEqual([taking.isWaiting, stateKey(taking, true)], [false, "quiz_sent"]);
});

test("quiz: two tabs with one quiz lose no answer of each other's", () => {
  browser.online(false);
  const [one, two] = [opened(), opened()];
  one.answer(at(one, 1), [], "先看");
  two.answer(at(two, 2), [], "后走");
  two.answer(at(two, 1), [], "先看路");
  assert.deepEqual([one.count, two.count], [1, 2]);
  one.handIn();
  assert.deepEqual([one.given(at(one, 1))?.typed, one.given(at(one, 2))?.typed], ["先看路", "后走"]);
  assert.equal(new Outbox({ owner: "wang" }).waiting(), 1);
  two.refresh();
  assert.equal(two.isHandedIn, true);
});

test("quiz: handing in is a wish until the server has answered", async () => {
  browser.navigator.onLine = false;
  const taking = opened();
  taking.answer(at(taking, 1), [2], "");
  taking.handIn();
  taking.answer(at(taking, 1), [0], "");
  assert.deepEqual([taking.given(at(taking, 1))?.picked, taking.result], [[2], ""]);
  assert.equal(stateKey(taking, false), "quiz_handed");
  assert.equal(stateKey(taking, true), "quiz_handing");
  answer(handed);
  browser.online(true);
  await browser.settle();
  assert.equal(browser.asked[0]?.body.submit, true);
  assert.equal(taking.result, "答对 3 题中的 2 题，通过了。");
  assert.deepEqual([opened().result, browser.asked.length], [taking.result, 1]);
});

test("quiz: an answer of the server that another page heard is asked for again", async () => {
  browser.navigator.onLine = false;
  const taking = opened();
  taking.handIn();
  answer(handed);
  browser.navigator.onLine = true;
  new Outbox({ owner: "wang" });
  await browser.settle();
  const later = opened();
  await browser.settle();
  assert.deepEqual([browser.asked.length, later.result], [2, "答对 3 题中的 2 题，通过了。"]);
});

test("quiz: handed in on another device, or gone, it is over here, too", async () => {
  const taking = opened();
  answer({ status: 404, body: { error: "gone", message: "这一次练习已经不在了" } });
  taking.answer(at(taking, 1), [2], "");
  await browser.settle();
  assert.deepEqual([taking.isHandedIn, taking.result, taking.isWaiting], [true, "这一次练习已经不在了", false]);
});

test("quiz: whoever is signed in on the phone instead sends nothing and sees nothing of it", async () => {
  browser.navigator.onLine = false;
  const taking = opened();
  taking.answer(at(taking, 1), [2], "");
  const other = opened("li");
  assert.equal(other.count, 0);
  browser.online(true);
  // This page is still the first one's, the cookie is another's already.
  answer({ status: 404, body: { error: "not_yours", message: "另一位的" } });
  await browser.settle();
  assert.deepEqual([taking.isHandedIn, taking.isWaiting], [false, true]);
  await keepOnlyFor("li");
  assert.deepEqual(sheetOf("wang", 3).answers, {});
  answer(open);
  new Outbox({ owner: "wang" });
  await browser.settle();
  assert.deepEqual(browser.asked[browser.asked.length - 1]?.body.answers, [
    { position: 1, picked: [2], typed: "", at: 1_005_000 },
  ]);
});

test("quiz: signed out it waits", async () => {
  const taking = opened();
  answer({ status: 401, body: { error: "signed_out", message: "请重新登录" } });
  taking.answer(at(taking, 1), [2], "");
  await browser.settle();
  assert.equal(taking.isWaiting, true);
});

test("quiz: where the phone keeps nothing that is told, and it goes while the page stands", async () => {
  browser.localStorage.isRefused = true;
  browser.navigator.onLine = false;
  const taking = opened();
  taking.answer(at(taking, 1), [2], "");
  assert.deepEqual([taking.isRefused, taking.isWaiting], [true, true]);
  taking.keepDraft(2, ["1", ""]);
  assert.equal(taking.isRefused, true);
  await keepOnlyFor("li");
  forgetSheets("wang", [quiz()], () => false);
  browser.online(true);
  await browser.settle();
  assert.equal(browser.asked.length, 1);
});

test("quiz: an ordering that is not through is kept for the page, and is no answer", () => {
  const taking = opened();
  taking.keepDraft(2, ["2", ""]);
  assert.deepEqual([opened().draft(2), opened().given(at(taking, 2))], [["2", ""], null]);
  taking.answer(at(taking, 2), [1, 0], "");
  assert.equal(taking.draft(2), null);
  assert.deepEqual(placesBy(["2", "1", "3"]), [1, 0, 2]);
  for (const ranks of [["1", "1"], ["1", ""], []]) assert.equal(placesBy(ranks), null);
});

test("quiz: what waits is not forgotten with the lesson's older questions", () => {
  const taking = opened();
  taking.answer(at(taking, 1), [2], "");
  forgetSheets("wang", [quiz(), quiz({ attempt: 0 })], () => true);
  assert.equal(opened().count, 1);
  forgetSheets("wang", [quiz()], () => false);
  assert.equal(opened().count, 0);
});

test("quiz: what comes next, and how it stands", () => {
  assert.deepEqual([following([1, 3], 2), following([1, 2], 3), following([2], 2), following([], 1)], [3, 1, 0, 0]);
  const none = { isHandedIn: false, isWaiting: false, result: "", count: 0 };
  assert.equal(stateKey(none, true), "quiz_none");
  assert.equal(stateKey({ ...none, count: 1, isWaiting: true }, true), "quiz_going");
});

test("quiz: questions come with the server's clock; one that cannot be begun says why", async () => {
  answer({ status: 200, body: { ...quiz(), now_ms: Date.now() + 90_000 } });
  assert.equal((await fetchQuiz("/courses/1/2/", 7)).ahead_ms, 90_000);
  assert.equal(browser.asked[0]?.url, "/courses/1/2/quizzes/7/keep/");
  answer({ status: 409, body: { error: "passed", message: "练习已经通过，不用再做。" } });
  const none = await fetchQuiz("/courses/1/2/", 7);
  assert.deepEqual([none.attempt, none.rules], [0, "练习已经通过，不用再做。"]);
  answer({ status: 401, body: {} });
  assert.equal(await fetchQuiz("/courses/1/2/", 7).catch(() => "signed out"), "signed out");
});
