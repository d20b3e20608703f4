/** A room that is played in the page: what a host commands is done and told, and the simulated come, talk and answer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command, ErrorFrame, RoomEvent, ServerFrame, TickFrame } from "../src/lib/frames";
import { castOf, momentAt, PEOPLE, presentAfter, type Script } from "../src/rehearsal/cast";
import { RehearsedRoom } from "../src/rehearsal/room";

const SCRIPT: Script = {
  names: ["模拟·一", "模拟·二"],
  units: ["东", "西"],
  lines: ["老师好"],
  questions: ["为什么？"],
  on_stage: "我是模拟的",
};

interface Played {
  room: RehearsedRoom;
  said: (ServerFrame | ErrorFrame)[];
  asked: string[];
  seen: boolean;
}

function played(): Played {
  const made = { said: [], asked: [], seen: false } as unknown as Played;
  made.room = new RehearsedRoom(
    SCRIPT,
    { member: 7, name: "李老师", unit: "" },
    {
      say: (frame) => made.said.push(frame),
      now: () => 1000,
      chance: () => 0,
      pagesOf: (deck) => (deck ? 12 : 0),
      offered: (sdp, again) => made.asked.push(`offer ${sdp} ${again}`),
      candidate: (candidate) => made.asked.push(`candidate ${candidate?.candidate}`),
      hungUp: () => made.asked.push("hung up"),
      isSeen: () => made.seen,
    },
  );
  return made;
}

/** What was told since the last time. */
function told({ said }: Played): RoomEvent[] {
  const ticks = said.splice(0).filter((one): one is TickFrame => !("error" in one) && one.t === "tick");
  return ticks.reduce<RoomEvent[]>((all, one) => all.concat(one.events), []);
}

function take(one: Played, ...commands: Command[]): RoomEvent[] {
  for (const command of commands) one.room.take(command);
  return told(one);
}

function wait(one: Played, seconds: number): RoomEvent[] {
  for (let nth = 0; nth < seconds; nth += 1) one.room.second();
  return told(one);
}

test("rehearsal: they come within a minute, and two have a bad line", () => {
  assert.equal(presentAfter(0), 0);
  assert.equal(presentAfter(30), PEOPLE / 2);
  assert.equal(presentAfter(60), PEOPLE);
  assert.equal(presentAfter(65), PEOPLE - 2);
  const cast = castOf(SCRIPT);
  assert.equal(new Set(cast.map((one) => one.name)).size, PEOPLE);
  assert.equal(momentAt(6).line, 0);
  assert.equal(momentAt(7).line, -1);
});

test("rehearsal: live, a break, the end and its undoing", () => {
  const one = played();
  one.room.join();
  assert.equal(one.said[0] && "t" in one.said[0] && one.said[0].t, "joined");
  one.said.splice(0);
  const [air, live] = take(one, { t: "go_live", source: "here" });
  assert.equal(air?.t === "on_air" && air.host, 7);
  assert.deepEqual(live, { t: "state", state: "live" });
  assert.equal(one.room.told().stage.on_air?.source, "here");
  one.seen = true;
  const facts = wait(one, 1).find((event) => event.t === "air");
  assert.deepEqual(facts, { t: "air", at: 1000, picture: true, sound: true, written: true, recording: "none" });
  assert.deepEqual(take(one, { t: "take_break", minutes: 5 }), [{ t: "break", until: 301_000 }]);
  assert.equal(
    wait(one, 1).some((event) => event.t === "air"),
    false,
  );
  take(one, { t: "go_on" });
  assert.deepEqual(take(one, { t: "end" }), [{ t: "state", state: "ended" }]);
  assert.equal(one.room.told().undone_until, 601_000);
  take(one, { t: "resume" });
  assert.equal(one.room.told().state, "live");
  assert.deepEqual(one.asked, ["hung up"]);
});

test("rehearsal: the simulated talk until the chat is closed or they are muted", () => {
  const one = played();
  const [line] = wait(one, 6);
  assert.equal(line?.t === "chat" && line.text, "老师好");
  const member = line?.t === "chat" ? line.member : 0;
  assert.deepEqual(take(one, { t: "mute", member, on: true }), [{ t: "muted", member, on: true }]);
  assert.equal(one.room.told().restricted.length, 1);
  assert.equal(
    wait(one, 9).some((event) => event.t === "chat"),
    false,
  );
  take(one, { t: "mute", member, on: false });
  take(one, { t: "open_chat", on: false });
  assert.equal(
    wait(one, 9).some((event) => event.t === "chat"),
    false,
  );
  one.room.take({ t: "chat", id: "a", text: "同志们好" });
  assert.deepEqual(one.said[0], { t: "ack", id: "a", message: 2 });
  const [own] = told(one);
  assert.equal(own?.t === "chat" && own.host, true);
  take(one, { t: "hide_message", message: 2 });
  assert.equal(one.room.told().chat.length, 1);
});

test("rehearsal: hands, the stage, questions, and whoever is removed is out", () => {
  const one = played();
  take(one, { t: "go_live" });
  const hand = wait(one, 20).find((event) => event.t === "hand");
  const member = hand?.t === "hand" ? hand.member : 0;
  const [lowered, invited] = take(one, { t: "invite", member });
  assert.equal(lowered?.t === "hand" && lowered.up, false);
  assert.equal(invited?.t === "speakers" && invited.speakers[0]?.on, false);
  assert.equal(take(one, { t: "invite", member }).length, 0, "once");
  const accepted = wait(one, 3);
  assert.equal(
    accepted.some((event) => event.t === "speakers" && event.speakers[0]?.on),
    true,
  );
  assert.equal(
    accepted.some((event) => event.t === "chat" && event.text === "我是模拟的"),
    true,
  );
  take(one, { t: "take_down", member });
  assert.deepEqual(one.room.told().speakers, []);
  const people = one.room.people;
  take(one, { t: "remove", member, on: true });
  assert.equal(one.room.people, people - 1);
  const question = wait(one, 15).find((event) => event.t === "question");
  const asked = question?.t === "question" ? question.question : 0;
  take(one, { t: "question_mark", question: asked, state: "answered" });
  assert.equal(one.room.told().asking.questions[0]?.state, "answered");
  assert.deepEqual(take(one, { t: "lower_all" }), [{ t: "hands_down" }]);
});

test("rehearsal: a poll is written, answered, closed and shown; the server's refusals are the room's", () => {
  const one = played();
  wait(one, 60);
  const draft = { quiz: true, text: "先做什么？", options: ["打电话", "先跑"], right: [1] };
  one.room.take({ t: "poll_save", id: "p", poll: 0, ...draft });
  assert.deepEqual(one.said[0], { t: "stored", id: "p", item: 1 });
  one.said.splice(0);
  take(one, { t: "poll_open", poll: 1 });
  const counted = wait(one, 20)
    .filter((event) => event.t === "tally")
    .pop();
  const sum = counted?.t === "tally" ? counted.counts.reduce((all, count) => all + count, 0) : 0;
  assert.equal(sum, Math.floor(PEOPLE * 0.85));
  one.room.take({ t: "poll_save", id: "q", poll: 1, ...draft });
  assert.deepEqual(one.said.splice(0), [{ error: "opened", t: "poll_save", id: "q" }]);
  one.room.take({ t: "poll_save", id: "r", poll: 0, ...draft });
  one.said.splice(0);
  one.room.take({ t: "poll_open", poll: 2 });
  assert.deepEqual(one.said.splice(0), [{ error: "other_open", t: "poll_open" }]);
  const [closed] = take(one, { t: "poll_close", poll: 1 });
  assert.equal(closed?.t === "poll" && closed.right.length, 0);
  const [shown] = take(one, { t: "poll_show", poll: 1, on: true });
  assert.deepEqual(shown?.t === "poll" && shown.right, [1]);
  take(one, { t: "poll_drop", poll: 2 });
  assert.equal(one.room.told().asking.polls?.length, 1);
  one.room.take({ t: "poll_close", poll: 9 });
  assert.deepEqual(one.said.pop(), { error: "gone", t: "poll_close" });
});

test("rehearsal: slides, captions, a notice, the lists of people, and the picture's own commands", () => {
  const one = played();
  wait(one, 60);
  assert.deepEqual(take(one, { t: "show_slide", deck: "d", page: 3 }), [{ t: "slide", deck: "d", page: 3, pages: 12 }]);
  assert.deepEqual(take(one, { t: "hide_slides" }), [{ t: "slide", deck: "", page: 0, pages: 0 }]);
  const said = take(one, { t: "caption", id: "c", text: "字幕" });
  assert.equal(said[0]?.t === "captions" && said[0].texts[0], "字幕");
  assert.deepEqual(take(one, { t: "pin", text: "带笔" }), [{ t: "pinned", text: "带笔" }]);
  assert.equal(one.room.told().asking.notice, "带笔");
  const listed = one.room.listed("模拟·二", 2, 9);
  assert.deepEqual([listed.found, listed.page, listed.pages, listed.rows.length], [18, 1, 1, 18]);
  assert.equal(one.room.listed("", 0, 2).rows.length, PEOPLE - 20);
  take(one, { t: "offer", sdp: "v=0", again: false });
  take(one, { t: "candidate", pc: "pub", candidate: null }, { t: "unpublish" }, { t: "beat" });
  assert.deepEqual(one.asked, ["offer v=0 false", "candidate undefined", "hung up"]);
  one.room.take({ t: "watch", via: "stage" });
  assert.deepEqual(one.said.pop(), { t: "media", via: "wait", ice: [] });
});

test("rehearsal: into a locked room nobody comes", () => {
  const one = played();
  wait(one, 10);
  const { people } = one.room;
  take(one, { t: "lock", on: true });
  wait(one, 30);
  assert.deepEqual([one.room.told().locked, one.room.people], [true, people]);
  take(one, { t: "lock", on: false });
  assert.equal(one.room.people > people, true);
});
