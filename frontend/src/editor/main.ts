/**
 * Beside Wagtail's editor: what an author typed outlives their session.
 *
 * Saving after the session has ended would lead to the sign-in page and leave the text behind; signing in elsewhere gives
 * the browser a new CSRF token, with which this page's own no longer fits. So before a form is sent, and whenever
 * Wagtail's autosave fails, we ask who is signed in; if it is nobody, the page stays and says what to do.
 */
import { doubled } from "../lib/backoff";
import { csrfToken } from "../lib/http";
import { readData } from "../lib/page";
import type { EditorWords } from "../lib/sentences";
import { Turns } from "./turns";

interface Data {
  signed_in: string;
  sign_in: string;
  words: EditorWords;
}

type Standing = "here" | "ended" | "other" | "offline";

declare global {
  interface Window {
    wagtailConfig?: { CSRF_TOKEN?: string };
  }
}

const data = readData<Data>("editor-data");
const form = document.querySelector<HTMLFormElement>("form[data-edit-form]");

/** Whose page this is; null until the first answer. */
let author: number | null = null;
let approved = false;
let waiting: { submitter: HTMLElement | null } | null = null;
let bar: HTMLElement | null = null;
const turns = new Turns();
/** How often in a row the server could not store or not answer, and when that is tried again (ms). */
let failures = 0;
let timer = 0;
const AGAIN = { first: 2_000, longest: 60_000 };

async function standing(): Promise<Standing> {
  if (!data) return "here";
  let response: Response;
  try {
    response = await fetch(data.signed_in, {
      credentials: "same-origin",
      cache: "no-store",
      redirect: "manual",
      headers: { Accept: "application/json" },
    });
  } catch {
    return "offline";
  }
  // Led elsewhere, or refused: nobody is signed in who may be here.
  if (response.type === "opaqueredirect" || response.status === 401 || response.status === 403) return "ended";
  if (!response.ok) return "offline";
  const { user } = (await response.json()) as { user: number };
  author = author ?? user;
  return user === author ? "here" : "other";
}

/** Put the browser's present token wherever Wagtail takes it from, and into a post that is already made. */
function freshToken(posted?: FormData): void {
  const token = csrfToken();
  if (!token) return;
  posted?.set("csrfmiddlewaretoken", token);
  if (window.wagtailConfig) window.wagtailConfig.CSRF_TOKEN = token;
  for (const input of Array.from(document.querySelectorAll<HTMLInputElement>("input[name=csrfmiddlewaretoken]"))) {
    input.value = token;
  }
}

function word(key: keyof EditorWords): string {
  return data?.words[key] ?? "";
}

function part<K extends keyof HTMLElementTagNameMap>(name: K, kind: string, text: string): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  made.className = kind;
  made.textContent = text;
  return made;
}

function tell(what: Exclude<Standing, "here">): void {
  if (!bar) {
    bar = part("section", "editor-ended", "");
    bar.setAttribute("role", "alert");
    document.body.appendChild(bar);
  }
  const lines = what === "ended" ? [word("ended"), word("how")] : [word(what)];
  bar.textContent = "";
  for (const [number, line] of lines.entries()) bar.appendChild(part(number ? "p" : "b", "", line));
  if (what !== "offline" && data) {
    const link = part("a", "button button-secondary", word("sign_in"));
    link.href = data.sign_in;
    link.target = "_blank";
    link.rel = "noopener";
    bar.appendChild(link);
  }
  const again = part("button", "button", word("again"));
  again.type = "button";
  again.addEventListener("click", () => void goOn(true));
  bar.appendChild(again);
  if (what === "offline") tryAgain();
}

/** Wagtail waits for the next word after a server error, and an author who has finished types none. */
function tryAgain(): void {
  window.clearTimeout(timer);
  timer = window.setTimeout(
    () => {
      // What was to be saved or published waits for the author, who may have changed their mind.
      if (failures && !waiting) void goOn(false);
    },
    doubled(failures, AGAIN),
  );
  failures += 1;
}

/** Save what waited, if the author is back. */
async function goOn(asked: boolean): Promise<void> {
  const now = await standing();
  if (now !== "here") {
    tell(now);
    if (now === "ended" && asked && bar) bar.insertBefore(part("p", "", word("still")), bar.children[2] ?? null);
    return;
  }
  freshToken();
  bar?.remove();
  bar = null;
  if (waiting) send(waiting.submitter);
  else form?.dispatchEvent(new CustomEvent("w-unsaved:add", { bubbles: true, detail: { type: "edits" } }));
}

function send(submitter: HTMLElement | null): void {
  waiting = null;
  approved = true;
  // Wagtail greys out the button that was pressed, and a grey button would not be sent along.
  submitter?.removeAttribute("disabled");
  form?.requestSubmit(submitter);
  approved = false;
}

async function beforeSending(event: SubmitEvent): Promise<void> {
  if (approved || event.target !== form) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const submitter = event.submitter;
  const [now] = await Promise.all([standing(), turns.send()]);
  if (now === "here") {
    freshToken();
    send(submitter);
  } else {
    turns.stay();
    waiting = { submitter };
    submitter?.removeAttribute("disabled");
    tell(now);
  }
}

/** Keep the form's idea of the version it was opened with in step with what Wagtail's autosave stored from this page. */
function stored(event: Event): void {
  failures = 0;
  const saved = (event as CustomEvent<{ data?: { revision_id?: number; revision_created_at?: string } }>).detail?.data;
  if (!form || !saved?.revision_id) return;
  const values = { loaded_revision_id: saved.revision_id, loaded_revision_created_at: saved.revision_created_at ?? "" };
  for (const [name, value] of Object.entries(values)) {
    const inputs = Array.from(form.querySelectorAll<HTMLInputElement>(`input[name=${name}]`));
    if (inputs.length === 0) {
      const made = part("input", "", "");
      made.type = "hidden";
      made.name = name;
      inputs.push(form.appendChild(made));
    }
    // A page that began as a new one may hold them twice: Wagtail brings its own with the first autosave.
    for (const input of inputs) input.value = String(value);
  }
}

async function afterFailure(event: Event): Promise<void> {
  if ((event as CustomEvent<{ type?: string }>).detail?.type !== "server_error" || bar) return;
  const now = await standing();
  if (now === "here") tryAgain();
  else tell(now);
}

/** Name this opened page, so that what its own autosave stored is never taken for another window's. */
function nameWindow(into: HTMLFormElement): void {
  const name = part("input", "", "");
  name.type = "hidden";
  name.name = "editor_window";
  name.value = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16)).join("");
  into.appendChild(name);
}

if (data && form) {
  nameWindow(form);
  void standing();
  if ("requestSubmit" in form) document.addEventListener("submit", (event) => void beforeSending(event), true);
  // What was sent and did not arrive is there again when the author comes back.
  window.addEventListener("pageshow", () => turns.stay());
  document.addEventListener("w-autosave:save", (event) => {
    if (!turns.mayStore()) {
      event.preventDefault();
      return;
    }
    freshToken((event as CustomEvent<{ formData?: FormData }>).detail?.formData);
  });
  document.addEventListener("w-autosave:success", stored);
  document.addEventListener("w-autosave:error", (event) => void afterFailure(event));
  for (const end of ["success", "error"]) document.addEventListener(`w-autosave:${end}`, () => turns.stored());
  document.addEventListener("visibilitychange", () => {
    if (bar && document.visibilityState === "visible") void goOn(false);
  });
}
