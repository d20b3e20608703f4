import assert from "node:assert/strict";
import { test } from "node:test";
import { Crossing, type Item, isComplete, isOver, said } from "../src/asked/moments";

const item = (kind: Item["kind"], choices: string[] = ["一", "二", "三"]): Item => ({
  at_ms: 1000,
  must: false,
  version: 1,
  kind,
  text: "？",
  how: "",
  choices,
  url: "/",
  result: null,
});

test("a moment comes once when playing crosses it", () => {
  const crossing = new Crossing();
  assert.deepEqual(crossing.to(0, [0, 500]), [], "where it begins nothing has been played");
  assert.deepEqual(crossing.to(250, [0, 500]), [0]);
  assert.deepEqual(crossing.to(500, [0, 500]), []);
  assert.deepEqual(crossing.to(900, [0, 500]), [500]);
  assert.deepEqual(crossing.to(900, [0, 500]), []);
});

test("what is dragged over is not asked, backwards neither; a second playing crosses it again", () => {
  const crossing = new Crossing();
  crossing.to(100, [500]);
  crossing.cut();
  assert.deepEqual(crossing.to(900, [500]), []);
  assert.deepEqual(crossing.to(100, [500]), []);
  assert.deepEqual(crossing.to(60_000, [500]), [], "a jump that no event told of");
  crossing.to(400, [500]);
  assert.deepEqual(crossing.to(800, [500]), [500]);
});

test("an answer is whole by its kind, and reads as its choices do", () => {
  assert.equal(isComplete(item("single"), { picked: [], typed: "" }), false);
  assert.equal(isComplete(item("several"), { picked: [2], typed: "" }), true);
  assert.equal(isComplete(item("order"), { picked: [0, 0, 1], typed: "" }), false);
  assert.equal(isComplete(item("order"), { picked: [2, 0, 1], typed: "" }), true);
  assert.equal(isComplete(item("fill", []), { picked: [], typed: " " }), false);
  assert.equal(isComplete(item("fill", []), { picked: [], typed: "120" }), true);
  assert.equal(said(item("order"), [2, 0, 9], "、"), "三 → 一 → ");
  assert.equal(said(item("several"), [0, 1], "、"), "一、二");
});

test("a question that is gone or was answered elsewhere holds nobody; one answered amiss is asked again", () => {
  assert.deepEqual([404, 409, 410].map(isOver), [true, true, true]);
  assert.deepEqual([422, 429, 500].map(isOver), [false, false, false]);
});
