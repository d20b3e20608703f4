/** A meeting's notes: what was typed stays in the form until the server has it, also refused, cut off or reloaded. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { Command } from "../src/lib/frames";
import type { MeetingWords } from "../src/lib/sentences";
import { Notes } from "../src/meeting/notes";
import { Browser, type FakeElement } from "./browser";

const WORDS = new Proxy({}, { get: (_, key) => String(key) }) as MeetingWords;

let browser: Browser;
let sent: Command[];
let refused: string[];
let isOpen: boolean;

beforeEach(() => {
  browser = new Browser();
  sent = [];
  refused = [];
  isOpen = true;
});
afterEach(() => browser.leave());

function element(id: string): FakeElement {
  return browser.document.getElementById(id);
}

/** The page, as after a reload. */
function page(): Notes {
  browser.document.elements.clear();
  element("note-kind").value = "decision";
  return new Notes(WORDS, "notes-wang-7", {
    send: (command) => {
      if (isOpen) sent.push(command);
      return isOpen;
    },
    refused: (error) => refused.push(error),
  });
}

function write(title: string, text: string): void {
  element("note-title").value = title;
  element("note-text").value = text;
  element("note-form").dispatch("input");
  element("note-form").dispatch("submit", { preventDefault: () => undefined });
}

function typed(): [string, string] {
  return [element("note-title").value, element("note-text").value];
}

test("a note is emptied from its form once it is stored", () => {
  const notes = page();
  write("值班", "每晚两人");
  assert.deepEqual(typed(), ["值班", "每晚两人"]);
  assert.equal(element("note-save").disabled, true);
  const [command] = sent;
  notes.stored(command && "id" in command ? command.id : "");
  assert.deepEqual(typed(), ["", ""]);
  assert.equal(element("note-save").disabled, false);
  page();
  assert.deepEqual(typed(), ["", ""]);
});

test("a note that is refused stays, and goes out again under the same id", () => {
  const notes = page();
  write("值班", "每晚两人");
  const [first] = sent;
  const id = first && "id" in first ? first.id : "";
  assert.equal(notes.refused({ error: "too_many", t: "note", id }), true);
  assert.deepEqual(refused, ["too_many"]);
  assert.deepEqual(typed(), ["值班", "每晚两人"]);
  write("值班", "每晚一人");
  const second = sent[1];
  assert.equal(second && "id" in second ? second.id : "", id);
});

test("a note that a dead line swallowed goes out with the next one, and outlives a reload", () => {
  const notes = page();
  isOpen = false;
  write("值班", "每晚两人");
  assert.deepEqual(typed(), ["值班", "每晚两人"]);
  isOpen = true;
  notes.joined();
  assert.equal(sent.length, 1);
  page();
  assert.deepEqual(typed(), ["值班", "每晚两人"]);
});

test("after the end nothing is written, after its undoing it is", () => {
  const notes = page();
  notes.open(false);
  assert.equal(element("note-form").hidden, true);
  notes.open(true);
  assert.equal(element("note-form").hidden, false);
});
