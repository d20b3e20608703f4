import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { ChatEvent, Command } from "../src/lib/frames";
import type { TalkWords } from "../src/lib/sentences";
import { Chat } from "../src/room/chat";
import { Browser, type FakeElement } from "./browser";

// Each sentence is its own key.
const WORDS = new Proxy({}, { get: (_, key) => String(key) }) as TalkWords;

let browser: Browser;
let sent: Command[];
let isOpen: boolean;

beforeEach(() => {
  browser = new Browser();
  sent = [];
  isOpen = true;
});
afterEach(() => browser.leave());

function page(): Chat {
  // Another page: its elements are new, what the browser keeps is not.
  browser.document.elements.clear();
  return new Chat({
    you: 1,
    keep: "chat-wang-7",
    words: WORDS,
    send: (command) => {
      if (isOpen) sent.push(command);
      return isOpen;
    },
  });
}

function element(id: string): FakeElement {
  return browser.document.getElementById(id);
}

function type(text: string): void {
  element("say-text").value = text;
  element("say-text").dispatch("input");
}

function say(text: string): void {
  type(text);
  element("say").dispatch("submit", { preventDefault: () => undefined });
}

function ids(): string[] {
  return sent.map((command) => (command.t === "chat" ? command.id : ""));
}

function texts(): string[] {
  return element("chat").children.map((line) => line.children[1]?.textContent ?? "");
}

function message(number: number, text: string): ChatEvent {
  return { t: "chat", message: number, member: 2, name: "李", unit: "东岗村", text, at: 0, host: false };
}

test("chat: what is typed is there again after a reload", () => {
  page();
  type("我想问");
  page();
  assert.equal(element("say-text").value, "我想问");
});

test("chat: whoever says something as a host is named as what they are, a member by their unit", () => {
  const options = { you: 1, keep: "chat-wang-7", words: WORDS, send: () => true };
  const said = [message(1, "一"), { ...message(2, "二"), host: true }, { ...message(3, "三"), member: 3, host: true }];
  const shown = (lecturer?: number): string[] => {
    browser.document.elements.clear();
    new Chat({ ...options, lecturer }).addAll(said);
    return element("chat").children.map((line) => line.children[0]?.textContent ?? "");
  };
  assert.deepEqual(shown(2), ["李 · 东岗村", "李 · lecturer", "李 · leads"]);
  // A meeting has no lecturer.
  assert.deepEqual(shown(), ["李 · 东岗村", "李 · leads", "李 · leads"]);
});

test("chat: what was sent is not typed any more", () => {
  page();
  say("大家好");
  page();
  assert.equal(element("say-text").value, "");
});

test("chat: what waited is shown after a reload, and goes with the same id", () => {
  isOpen = false;
  page();
  say("大家好");
  isOpen = true;
  const chat = page();
  assert.deepEqual(texts(), ["大家好"]);
  chat.resend();
  page().resend();
  assert.equal(new Set(ids()).size, 1);
  assert.equal(ids().length, 2);
});

test("chat: acknowledged it is kept no longer, and stands once", () => {
  const chat = page();
  say("大家好");
  chat.acknowledged(ids()[0] ?? "", 9);
  chat.add(message(9, "大家好"));
  assert.deepEqual(texts(), ["大家好"]);
  assert.equal(browser.sessionStorage.items.size, 0);
});

test("chat: one at a time, in the order in which they were said", () => {
  const chat = page();
  say("一");
  say("二");
  assert.equal(sent.length, 1);
  chat.acknowledged(ids()[0] ?? "", 9);
  assert.deepEqual(
    sent.map((command) => (command.t === "chat" ? command.text : "")),
    ["一", "二"],
  );
});

test("chat: sent again with the same id until it is acknowledged", async () => {
  page();
  say("大家好");
  await browser.pass(17_000);
  assert.equal(sent.length, 3);
  assert.equal(new Set(ids()).size, 1);
});

// What the server refuses, what is said then, and whether the sentence is back in the field.
const REFUSALS: [string, string, string][] = [
  ["muted", "muted_chat", "大家好"],
  ["closed", "closed", "大家好"],
  ["too_long", "too_long", "大家好"],
  ["bad_field", "try_again", "大家好"],
  ["slow_down", "waiting_turn", ""],
  ["try_again", "waiting_turn", ""],
];
for (const [error, said, typed] of REFUSALS) {
  test(`chat: refused with ${error} it says ${said}`, () => {
    const chat = page();
    say("大家好");
    assert.equal(chat.refused({ error, t: "chat", id: ids()[0] ?? "" }), true);
    assert.deepEqual([element("say-note").textContent, element("say-text").value], [said, typed]);
  });
}

test("chat: a refusal of something else is not the chat's", () => {
  const chat = page();
  assert.deepEqual(
    [chat.refused({ error: "muted", t: "chat", id: "other" }), chat.refused({ error: "state", t: "go_live" })],
    [false, false],
  );
});

test("chat: in the order of their numbers, each once", () => {
  const chat = page();
  chat.addAll([message(2, "二"), message(5, "五"), message(3, "三"), message(5, "五"), message(1, "一")]);
  assert.deepEqual(texts(), ["一", "二", "三", "五"]);
  chat.hide(3);
  assert.deepEqual(texts(), ["一", "二", "五"]);
});

test("chat: cleared nothing stays for the next holder of the phone", () => {
  isOpen = false;
  const chat = page();
  chat.add(message(2, "二"));
  say("大家好");
  type("还有");
  chat.clear();
  assert.deepEqual([texts(), element("say-text").value, browser.sessionStorage.items.size], [[], "", 0]);
});

test("chat: closed and muted are two things", () => {
  const chat = page();
  chat.mute(true);
  chat.close();
  chat.open();
  assert.equal(element("say-text").disabled, true);
  chat.mute(false);
  assert.equal(element("say-text").disabled, false);
});

test("chat: more than 500 signs are not sent, however they are counted", () => {
  page();
  say("😀".repeat(500));
  assert.equal(sent.length, 1);
  say("好".repeat(501));
  assert.deepEqual([sent.length, element("say-note").textContent], [1, "too_long"]);
});
