/** A kept quiz on its page: one question at a time, then all of them and handing in. */
import { isOnline, onConnection } from "../lib/connection";
import { button, made } from "../lib/made";
import { byId, write as say } from "../lib/page";
import { Sure } from "../lib/sure";
import { fill } from "../lib/words";
import { following, placesBy, type Question, type Standing, stateKey, type Taking } from "./quizzes";

type Words = Record<string, string>;

const END = 0;
const sure = new Sure();

/** How a quiz stands on this phone, in words. */
export function stateOf(words: Words, one: Standing): string {
  return one.result || fill(words, stateKey(one, isOnline()), { count: one.count });
}

/** Show a quiz; returns what is to be called when the server has answered. */
export function take(words: Words, taking: Taking): () => void {
  const { questions } = taking.quiz;
  const asking = byId("kept-quiz-asking");
  const form = byId<HTMLFormElement>("kept-quiz-form");
  const end = byId("kept-quiz-end");
  const said = byId("kept-quiz-said");
  let at = taking.open()[0] ?? END;

  const here = (): Question | undefined => questions.find((one) => one.position === at);

  function fields<T extends HTMLElement>(selector: string): T[] {
    return Array.from(asking.querySelectorAll<T>(selector));
  }

  /** Put into the form what is kept of the question. */
  function restore(question: Question): void {
    const given = taking.given(question);
    const picked = given?.picked ?? [];
    for (const box of fields<HTMLInputElement>("input[name=picked]"))
      box.checked = picked.indexOf(Number(box.value)) >= 0;
    for (const text of fields<HTMLInputElement>("input[name=typed]")) text.value = given?.typed ?? "";
    const draft = taking.draft(question.position);
    fields<HTMLSelectElement>("select").forEach((choice, place) => {
      const rank = picked.indexOf(place) + 1;
      choice.value = draft?.[place] ?? (rank ? String(rank) : "");
    });
  }

  /** Keep what the form holds; returns whether that is an answer. */
  function keep(): boolean {
    const question = here();
    if (!question) return true;
    const ranks = fields<HTMLSelectElement>("select").map((choice) => choice.value);
    const text = fields<HTMLInputElement>("input[name=typed]")[0];
    const boxes = fields<HTMLInputElement>("input[name=picked]");
    if (ranks.length) {
      const places = placesBy(ranks);
      if (places) taking.answer(question, places, "");
      else if (ranks.some(Boolean)) taking.keepDraft(question.position, ranks);
      return places !== null;
    }
    const typed = text ? text.value.trim() : "";
    const picked = boxes.filter((box) => box.checked).map((box) => Number(box.value));
    if (!typed && !picked.length) {
      // An answer is changed, not taken back: what is kept stands in the form again.
      restore(question);
      return taking.given(question) !== null;
    }
    taking.answer(question, picked, typed);
    return true;
  }

  function go(position: number): void {
    at = position;
    draw();
    window.scrollTo(0, 0);
  }

  function leave(position: number): void {
    keep();
    go(position);
  }

  function drawState(): void {
    say(byId("kept-quiz-state"), taking.isRefused ? fill(words, "quiz_refused") : stateOf(words, taking));
    byId("kept-quiz-again").hidden = !taking.result;
  }

  function rowOf(question: Question): HTMLElement {
    const answered = taking.given(question) !== null;
    const state = fill(words, answered ? "quiz_answered" : "quiz_unanswered");
    const text = fill(words, "quiz_row", { number: question.position, state });
    return button("btn quiet", text, () => go(question.position));
  }

  function drawEnd(): void {
    const open = taking.open();
    const rows = byId("kept-quiz-rows");
    rows.textContent = "";
    for (const one of questions) rows.appendChild(rowOf(one));
    const numbers = open.join("、");
    say(byId("kept-quiz-open"), open.length ? fill(words, "quiz_open", { numbers }) : fill(words, "quiz_all"));
    say(byId("kept-quiz-costs"), taking.quiz.costs);
    const hand = byId<HTMLButtonElement>("kept-quiz-hand");
    const paint = (): void => say(hand, fill(words, sure.is(0) ? "quiz_sure" : "quiz_hand"));
    hand.onclick = (): void => {
      if (!sure.tapped(0, paint)) return;
      taking.handIn();
      draw();
    };
    paint();
  }

  /** What was answered, question by question, once it is handed in. */
  function drawHanded(): void {
    const rows = byId("kept-quiz-rows");
    rows.textContent = "";
    for (const one of questions) {
      const state = fill(words, taking.given(one) ? "quiz_answered" : "quiz_unanswered");
      rows.appendChild(made("p", "sub", fill(words, "quiz_row", { number: one.position, state })));
    }
    say(byId("kept-quiz-open"), fill(words, "quiz_ended"));
    say(byId("kept-quiz-costs"), "");
  }

  function draw(): void {
    const question = taking.isHandedIn ? undefined : here();
    form.hidden = !question;
    end.hidden = Boolean(question);
    byId("kept-quiz-hand").hidden = taking.isHandedIn;
    say(said, "");
    drawState();
    if (question) {
      asking.innerHTML = question.html;
      restore(question);
      byId("kept-quiz-before").hidden = question.position === 1;
    } else if (taking.isHandedIn) {
      drawHanded();
    } else {
      drawEnd();
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!keep()) {
      const isOrder = fields("select").length > 0;
      say(said, fill(words, isOrder ? "quiz_order" : "quiz_first"));
      return;
    }
    go(following(taking.open(), at));
  });
  form.addEventListener("change", () => {
    keep();
    drawState();
  });
  byId("kept-quiz-before").addEventListener("click", () => leave(at - 1));
  byId("kept-quiz-list").addEventListener("click", () => leave(END));
  // What is typed and not left yet goes with the page, too.
  window.addEventListener("pagehide", () => {
    if (!form.hidden) keep();
  });
  onConnection(drawState);
  draw();
  // The question that somebody is busy with is left alone.
  const heard = (): void => (taking.isHandedIn ? draw() : drawState());
  window.addEventListener("storage", () => {
    taking.refresh();
    heard();
  });
  return heard;
}
