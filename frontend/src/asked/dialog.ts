/** Draws one question, and what came of it, into the dialog; texts come from authors and are never markup. */
import type { AskedWords } from "../lib/sentences";
import { fill } from "../lib/words";
import { type Given, type Item, type Result, said } from "./moments";

export interface Form {
  element: HTMLFormElement;
  given(): Given;
  /** A sentence above the button; "" for none. */
  say(text: string): void;
  /** It is on its way: no second tap. */
  busy(on: boolean): void;
}

interface Told {
  result?: Result;
  given?: Given;
  keeps: boolean;
  /** Why it has not come through, and that it will be sent later; "" while it is on its way. */
  late?: string;
}

function put(into: Element, tag: string, text: string, looks = ""): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = text;
  if (looks) made.className = looks;
  into.appendChild(made);
  return made;
}

function head(body: Element, item: Item, words: AskedWords): void {
  body.textContent = "";
  put(body, "p", `${fill(words, "asks")} · ${fill(words, "practice")}`, "sub");
  const title = put(body, "h2", item.text);
  title.id = "asked-title";
  title.tabIndex = -1;
}

export function drawQuestion(body: Element, item: Item, words: AskedWords): Form {
  head(body, item, words);
  const form = document.createElement("form");
  body.appendChild(form);
  const given =
    item.kind === "fill"
      ? typing(form, item)
      : item.kind === "order"
        ? ordering(form, item, words)
        : ticking(form, item);
  const fault = put(form, "p", "", "asked-fault");
  fault.setAttribute("role", "alert");
  const key = put(form, "button", fill(words, "answer"), "btn") as HTMLButtonElement;
  const say = (text: string): void => {
    if (fault.textContent !== text) fault.textContent = text;
  };
  return {
    element: form,
    given,
    say,
    busy: (on) => {
      key.disabled = on;
      key.textContent = fill(words, on ? "sending" : "answer");
    },
  };
}

function ticking(form: HTMLFormElement, item: Item): () => Given {
  const group = document.createElement("fieldset");
  form.appendChild(group);
  put(group, "legend", item.how, "sub");
  const inputs = item.choices.map((text) => {
    const label = document.createElement("label");
    label.className = "asked-choice";
    const input = document.createElement("input");
    input.type = item.kind === "several" ? "checkbox" : "radio";
    input.name = "asked-choice";
    label.appendChild(input);
    put(label, "span", text);
    group.appendChild(label);
    return input;
  });
  return () => ({ picked: inputs.map((input, at) => (input.checked ? at : -1)).filter((at) => at >= 0), typed: "" });
}

function ordering(form: HTMLFormElement, item: Item, words: AskedWords): () => Given {
  const group = document.createElement("fieldset");
  form.appendChild(group);
  put(group, "legend", item.how, "sub");
  const selects = item.choices.map((text) => {
    const label = document.createElement("label");
    label.className = "asked-choice";
    put(label, "span", text);
    const select = document.createElement("select");
    (put(select, "option", fill(words, "choose")) as HTMLOptionElement).value = "";
    item.choices.forEach((_, place) => {
      (put(select, "option", fill(words, "place", { n: place + 1 })) as HTMLOptionElement).value = String(place);
    });
    label.appendChild(select);
    group.appendChild(label);
    return select;
  });
  return () => {
    const ranks = selects.map((select) => select.value);
    const picked = item.choices.map((_, place) => ranks.indexOf(String(place)));
    return { picked: picked.filter((at) => at >= 0), typed: "" };
  };
}

function typing(form: HTMLFormElement, item: Item): () => Given {
  const label = put(form, "label", item.how, "sub");
  const input = document.createElement("input");
  input.type = "text";
  input.id = "asked-typed";
  input.maxLength = 100;
  input.autocomplete = "off";
  label.setAttribute("for", input.id);
  form.appendChild(input);
  return () => ({ picked: [], typed: input.value });
}

export function drawResult(body: Element, item: Item, words: AskedWords, told: Told): void {
  head(body, item, words);
  const answered = told.result ?? told.given;
  const comma = fill(words, "comma");
  const isTyped = item.kind === "fill";
  if (told.result) {
    const { is_right } = told.result;
    const state = put(body, "p", fill(words, is_right ? "right" : "wrong"), is_right ? "asked-right" : "asked-wrong");
    state.setAttribute("role", "status");
  } else {
    put(body, "p", told.late || fill(words, "sending"), "sub").setAttribute("role", "status");
  }
  if (answered) {
    const yours = isTyped ? answered.typed : said(item, answered.picked, comma);
    put(body, "p", fill(words, "yours", { what: yours }));
  }
  if (told.result) {
    const { accepted, explanation, right } = told.result;
    put(body, "p", fill(words, "correct", { what: isTyped ? accepted.join(comma) : said(item, right, comma) }));
    if (explanation) put(body, "p", fill(words, "explained", { what: explanation }));
    if (!told.keeps) put(body, "p", fill(words, "looking"), "sub");
  }
}
