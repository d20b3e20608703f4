/** Lessons kept on the phone: the button under a lesson or a course, and the page that shows what is kept. */

import { keepPage, SAVED } from "../lib/cachename";
import { clock } from "../lib/clock";
import { isOnline, onConnection } from "../lib/connection";
import { deviceId } from "../lib/device";
import { get, HttpError, send } from "../lib/http";
import { canKeep, keepOnlyFor, keptOwner, nowKeptFor, readsLarge, rememberSize } from "../lib/kept";
import { Outbox, phoneStore } from "../lib/outbox";
import { byId, optional, readData, write as say } from "../lib/page";
import { Sure } from "../lib/sure";
import { hasWaiting } from "../lib/waiting";
import { fill } from "../lib/words";
import { length, type Range } from "../player/ranges";
import * as lessons from "./lesson";
import { stateOf, take } from "./quizview";
import { cameOf, fetchQuiz, forgetSheets, type KeptQuiz, standingOf, Taking } from "./quizzes";
import { study } from "./study";

// Where the page of what is kept shows a lesson, or a quiz in it.
const PLACE = /^#(\d+\/\d+)(?:\/(\d+))?$/;
const QUIZ = /^\/courses\/\d+\/\d+\/quizzes\/(\d+)\/$/;
const sure = new Sure();
const words = readData<Record<string, string>>("kept-words") ?? {};

function size(bytes: number): string {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1000))} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Sentences one after the other: Chinese ones have no space between them. */
function inLine(sentences: string[]): string {
  return sentences.filter(Boolean).join(document.documentElement.lang.indexOf("zh") === 0 ? "" : " ");
}

/** A sitting is opened while there is a network: without one nothing that is heard later could count. */
async function sitting(lesson: lessons.Lesson): Promise<number> {
  if (!lesson.sound.media) return 0;
  const body = { device: deviceId(), media: lesson.sound.media };
  return (await send<{ session_id: number }>(lesson.sound.play_url, body, { retries: 1 })).session_id;
}

/** The lesson's quizzes with their questions. What was answered here and has arrived comes back with them. */
async function quizzesOf(owner: string, lesson: lessons.Lesson): Promise<KeptQuiz[]> {
  const taken: KeptQuiz[] = [];
  for (const quiz of lesson.quizzes) {
    if (!taken.some((one) => one.quiz === quiz)) taken.push(await fetchQuiz(lesson.url, quiz));
  }
  const before = (await lessons.read(owner, lesson.key))?.taken ?? [];
  const waiting = phoneStore().all();
  forgetSheets(owner, before, (entry) => waiting.some((one) => one.id === entry));
  return taken;
}

async function keepAll(owner: string, keys: string[], said: Element): Promise<void> {
  await keepOnlyFor(owner);
  nowKeptFor(owner);
  let bytes = 0;
  for (const [index, key] of keys.entries()) {
    const lesson = await get<lessons.Lesson>(`/courses/${key}/saved.json`);
    lesson.taken = await quizzesOf(owner, lesson);
    const kept = await lessons.keep(owner, lesson, lesson.sound.records ? await sitting(lesson) : 0, (share) => {
      say(said, fill(words, "saving", { percent: Math.floor(((index + share) / keys.length) * 100) }));
    });
    bytes += kept.bytes;
  }
  await keepPage(SAVED);
  rememberSize();
  say(said, fill(words, "saved", { size: size(bytes) }));
}

async function button(part: HTMLElement): Promise<void> {
  const owner = part.dataset.owner ?? "";
  const keys = (part.dataset.of ?? "").split(" ").filter(Boolean);
  if (!canKeep() || !owner || !keys.length) return;
  const said = byId("keep-said");
  const go = byId<HTMLButtonElement>("keep-go");
  const away = byId<HTMLButtonElement>("keep-remove");
  const show = async (): Promise<void> => {
    const here = (await lessons.all(owner)).filter((one) => keys.indexOf(one.key) >= 0);
    const changed = here.some((one) => one.isChanged);
    go.hidden = here.length === keys.length && !changed;
    away.hidden = here.length === 0;
    if (here.length) say(said, fill(words, "saved", { size: size(here.reduce((sum, one) => sum + one.bytes, 0)) }));
    if (changed) say(said, fill(words, "changed"));
  };
  go.addEventListener("click", async () => {
    go.disabled = true;
    // On a slow line the first answer takes seconds.
    const idle = go.textContent ?? "";
    go.textContent = fill(words, "preparing");
    try {
      await keepAll(owner, keys, said);
      await show();
    } catch (error) {
      const full = error instanceof Error && error.name === "QuotaExceededError";
      const told = error instanceof HttpError && error.code === "before" ? error.message : "";
      say(said, told || fill(words, full ? "no_room" : "failed"));
    }
    go.textContent = idle;
    go.disabled = false;
  });
  away.addEventListener("click", async () => {
    for (const key of keys) await lessons.remove(owner, key);
    await show();
    say(said, fill(words, "removed"));
  });
  // What has changed or may not be seen any more does not wait until the page of what is kept is opened.
  await lessons.check(
    owner,
    (await lessons.all(owner)).filter((one) => keys.indexOf(one.key) >= 0),
    sitting,
  );
  await show();
  part.hidden = false;
}

function made<K extends keyof HTMLElementTagNameMap>(name: K, text: string, look = ""): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  element.textContent = text;
  element.className = look;
  return element;
}

function rowOf(owner: string, kept: lessons.Kept, index: number, takings: Taking[]): HTMLElement {
  const row = made("div", "", "card");
  const about = `${size(kept.bytes)}${kept.hasSound ? "" : ` · ${fill(words, "text_only")}`}`;
  row.appendChild(made("b", kept.title));
  row.appendChild(made("p", about, "sub"));
  const own = takings.filter((one) => kept.taken?.some(({ attempt }) => attempt === one.quiz.attempt));
  if (own.length) row.appendChild(made("p", fill(words, "quizzes", { count: own.length }), "sub"));
  for (const one of own.filter(({ count, isHandedIn }) => count || isHandedIn)) {
    row.appendChild(made("p", `${fill(words, "quiz", { title: one.quiz.title })} · ${stateOf(words, one)}`));
  }
  if (kept.isChanged) row.appendChild(made("p", fill(words, "changed"), "sub"));
  const open = made("a", fill(words, "open"), "btn");
  open.href = `#${kept.key}`;
  const away = made("button", "", "btn quiet");
  const paint = (): void => say(away, fill(words, sure.is(index) ? "sure" : "remove"));
  away.addEventListener("click", () => {
    if (sure.tapped(index, paint)) {
      void lessons.remove(owner, kept.key).then(() => list(owner, fill(words, "removed")));
    }
  });
  paint();
  row.appendChild(open);
  row.appendChild(away);
  return row;
}

async function list(owner: string, first = ""): Promise<void> {
  const kept = owner ? await lessons.all(owner) : [];
  const total = kept.reduce((sum, one) => sum + one.bytes, 0);
  const parts = [first, kept.length ? fill(words, "total", { size: size(total) }) : fill(words, "none")];
  say(byId("kept-said"), inLine(parts));
  const takings = sendWhatWaits(owner, kept, () => rows(owner, kept, takings));
  rows(owner, kept, takings);
}

function rows(owner: string, kept: lessons.Kept[], takings: Taking[]): void {
  const place = byId("kept-list");
  place.textContent = "";
  const heads = lessons.headings(kept);
  for (const [index, one] of kept.entries()) {
    if (heads[index]) place.appendChild(made("h2", heads[index] ?? "", "pad"));
    place.appendChild(rowOf(owner, one, index, takings));
  }
}

/**
 * What was heard or answered without a network goes from the list, too, and the list says what became of it. Returns
 * the quizzes that are kept; `drawn` draws them anew.
 */
function sendWhatWaits(owner: string, kept: lessons.Kept[], drawn: () => void): Taking[] {
  const quizzes = ([] as KeptQuiz[]).concat(...kept.map((one) => one.taken ?? [])).filter((one) => one.attempt);
  if (!owner || !(hasWaiting(owner) || quizzes.length)) return [];
  const sent = byId("kept-sent");
  const tell = (): void => {
    if (hasWaiting(owner)) say(sent, fill(words, isOnline() ? "sending" : "waits"));
  };
  const outbox = answersOutbox(
    owner,
    () => takings,
    (said) => say(sent, said),
    () => {
      tell();
      drawn();
    },
  );
  const takings = quizzes.map((one) => new Taking(owner, one, outbox));
  onConnection(() => {
    tell();
    drawn();
  });
  tell();
  return takings;
}

/** An outbox that tells the quizzes of this page what the server said of their answers; `heard`: something came. */
function answersOutbox(
  owner: string,
  takings: () => Taking[],
  told: (said: string) => void,
  heard: () => void,
): Outbox {
  const of = (body: Record<string, unknown>): Taking | undefined =>
    takings().find((one) => one.quiz.attempt === body.attempt);
  return new Outbox({
    owner,
    onAcknowledged: (entry, answer) => {
      const come = cameOf(entry, answer);
      if (come) of(entry.body)?.heard(come);
      const { credited_ms: credited } = answer as { credited_ms?: Range[] };
      told(come ? come.said : credited ? fill(words, "counted", { done: clock(length(credited)) }) : "");
      heard();
    },
    onRefused: (entry, error) => {
      of(entry.body)?.refused(error.message);
      told(error.message);
      heard();
    },
    onSignedOut: (error) => told(error.message),
  });
}

async function show(owner: string, kept: lessons.Kept): Promise<void> {
  say(byId("kept-said"), "");
  byId("kept-list").textContent = "";
  byId("kept-title").textContent = kept.title;
  const text = byId("kept-text");
  text.innerHTML = kept.html;
  for (const picture of Array.from(text.querySelectorAll("img"))) {
    const blob = await lessons.blobOf(owner, picture.getAttribute("src") ?? "");
    if (blob) picture.src = URL.createObjectURL(blob);
  }
  const sound = kept.hasSound ? await lessons.soundOf(owner, kept.key) : null;
  if (sound) {
    const audio = byId<HTMLAudioElement>("kept-sound");
    audio.src = URL.createObjectURL(sound);
    const counted = byId("kept-counted");
    if (kept.session) {
      study(audio, kept, (done, owed) => {
        const heard = owed ? ` · ${fill(words, "heard", { heard: clock(owed) })}` : "";
        say(counted, fill(words, "counted", { done: clock(done) }) + heard);
      });
    } else {
      say(counted, fill(words, "away"));
    }
    byId("kept-player").hidden = false;
  }
  showQuizzes(owner, kept, text, Boolean(sound && kept.session));
  if (!sound) {
    say(byId("kept-reading"), fill(words, "reading"));
    byId("kept-reading").hidden = false;
  }
  byId<HTMLAnchorElement>("kept-online").href = kept.url;
  byId("kept-lesson").hidden = false;
}

/** The quizzes where they stand in a lesson: the way to them here, and how they stand. `isSent`: the player sends. */
function showQuizzes(owner: string, kept: lessons.Kept, text: Element, isSent: boolean): void {
  const taken = (kept.taken ?? []).filter((one) => one.attempt);
  const draw = (): void => {
    const waiting = phoneStore().all();
    for (const link of Array.from(text.querySelectorAll("a"))) {
      const quiz = link.dataset.quiz ?? QUIZ.exec(link.getAttribute("href") ?? "")?.[1];
      if (!quiz) continue;
      link.dataset.quiz = quiz;
      link.href = `#${kept.key}/${quiz}`;
      const found = taken.find((one) => one.quiz === Number(quiz));
      const said = link.querySelector(".sub");
      if (!found || !said) continue;
      const now = standingOf(owner, found.attempt, (entry) => waiting.some((one) => one.id === entry));
      if (!now.count && !now.isHandedIn) continue;
      say(said, stateOf(words, now));
      const step = link.querySelector(".step");
      if (step) say(step, fill(words, "open"));
    }
  };
  draw();
  onConnection(draw);
  if (isSent || !taken.length) return;
  const outbox = answersOutbox(
    owner,
    () => takings,
    () => undefined,
    draw,
  );
  const takings = taken.map((one) => new Taking(owner, one, outbox));
}

/** One quiz of a kept lesson. */
function showQuiz(owner: string, kept: lessons.Kept, quiz: number): void {
  const found = kept.taken?.find((one) => one.quiz === quiz);
  say(byId("kept-said"), "");
  byId<HTMLAnchorElement>("kept-quiz-back").href = `#${kept.key}`;
  say(byId("kept-quiz-back"), `‹ ${kept.title}`);
  say(byId("kept-quiz-title"), found?.title ?? "");
  say(byId("kept-quiz-rules"), found?.attempt ? found.rules : "");
  byId<HTMLAnchorElement>("kept-quiz-online").href = `${kept.url}quizzes/${quiz}/`;
  const again = byId<HTMLButtonElement>("kept-quiz-again");
  const state = byId("kept-quiz-state");
  again.addEventListener("click", () => void fetchAgain(owner, kept, quiz, again, state));
  if (found?.attempt) {
    let heard = (): void => undefined;
    const taking: Taking = new Taking(
      owner,
      found,
      answersOutbox(
        owner,
        () => [taking],
        (said) => {
          heard();
          if (said && !taking.result) say(state, said);
        },
        () => undefined,
      ),
    );
    heard = take(words, taking);
  } else {
    say(state, found?.rules || fill(words, "quiz_away"));
    again.hidden = false;
  }
  byId("kept-quiz").hidden = false;
}

/** Get the questions of a quiz that has none here yet, or whose attempt is over. */
async function fetchAgain(
  owner: string,
  kept: lessons.Kept,
  quiz: number,
  again: HTMLButtonElement,
  state: Element,
): Promise<void> {
  again.disabled = true;
  try {
    const come = await fetchQuiz(kept.url, quiz);
    if (!come.attempt) {
      say(state, come.rules);
      return;
    }
    const others = (kept.taken ?? []).filter((one) => one.quiz !== quiz);
    forgetSheets(
      owner,
      (kept.taken ?? []).filter((one) => one.quiz === quiz),
      () => false,
    );
    await lessons.write(owner, { ...kept, taken: [...others, come] });
    location.reload();
  } catch (error) {
    const isOut = error instanceof HttpError && error.status === 401;
    say(state, isOut ? error.message : fill(words, "quiz_offline"));
  } finally {
    again.disabled = false;
  }
}

async function page(): Promise<void> {
  const owner = keptOwner();
  if (!canKeep()) return list("");
  window.addEventListener("hashchange", () => location.reload());
  if (readsLarge()) document.documentElement.dataset.mode = "elder";
  keepPage(SAVED).catch(() => undefined);
  const said = owner ? await lessons.check(owner, await lessons.all(owner), sitting) : [];
  const [, key, quiz] = PLACE.exec(location.hash) ?? [];
  const kept = owner && key ? await lessons.read(owner, key) : null;
  if (kept && Date.now() - kept.checkedAt < lessons.KEPT_MS) {
    return quiz ? showQuiz(owner, kept, Number(quiz)) : show(owner, kept);
  }
  return list(owner, inLine([...said, kept ? fill(words, "old") : ""]));
}

const part = optional("keep");
if (part) void button(part);
else if (optional("kept-list")) void page();
