/**
 * Asks a video's questions while it plays. It stands beside the player and knows it only by its video element: to the
 * player, and to what counts, a question is a pause. The template is cms/_player_asked.html.
 */
import { isOnline } from "../lib/connection";
import { HttpError, send } from "../lib/http";
import { Outbox } from "../lib/outbox";
import { byId, readData } from "../lib/page";
import type { AskedWords } from "../lib/sentences";
import { recall, remember } from "../lib/storage";
import { fill } from "../lib/words";
import { drawQuestion, drawResult, type Form } from "./dialog";
import { Crossing, type Given, type Item, isComplete, isOver, type Result } from "./moments";

interface AskedData {
  owner: string;
  keeps: boolean;
  items: Item[];
  words: AskedWords;
}

interface AppleVideo {
  webkitDisplayingFullscreen?: boolean;
  webkitExitFullscreen?: () => void;
  webkitPresentationMode?: string;
  webkitSetPresentationMode?: (mode: string) => void;
}

const BACK_MS = 2000;
const LATE_MS = 4000;

function run({ owner, keeps, items, words }: AskedData): void {
  const video = byId<HTMLVideoElement>("player-video");
  const dialog = byId("asked");
  const body = byId("asked-body");
  const crossing = new Crossing();
  const queue: Item[] = [];
  const results = new Map<Item, Result>();
  const waiting = new Map<Item, Given>();
  /** What cannot be answered here any more: why, and what was answered. Nobody is held by it. */
  const over = new Map<Item, { given: Given; why: string }>();
  let open: Item | null = null;
  let goesOn = false;
  let before: Element | null = null;
  /** The server's words when it no longer knew who this is. */
  let signedOut = "";

  const outbox: Outbox = new Outbox({
    owner,
    island: "asked",
    onAcknowledged: (entry, answer) => {
      const item = items.find((one) => one.url === entry.url);
      if (item) arrived(item, answer as Result);
    },
    onRefused: (entry, error) => {
      const item = items.find((one) => one.url === entry.url);
      const given = item && waiting.get(item);
      if (!item || !given) return;
      forget(item);
      refused(item, given, error);
    },
    onSignedOut: (error) => {
      signedOut = error.message;
      if (open && waiting.has(open)) show(open);
    },
  });
  const key = (item: Item): string => `asked:${owner}:${item.url}`;

  for (const item of items) {
    if (item.result) results.set(item, item.result);
    const kept =
      keeps && !item.result ? recall<(Given & { version: number }) | null>("localStorage", key(item), null) : null;
    // Of an earlier version of the question: what it was ticked among stands here no more.
    if (kept && kept.version === item.version) {
      waiting.set(item, kept);
      post(item, kept);
    }
    if (item.result) remember("localStorage", key(item), null);
  }

  /** Under one id: sent again it takes the place of the one that waits. The server keeps the first. */
  function post(item: Item, given: Given): void {
    const sent = { version: item.version, picked: given.picked, typed: given.typed };
    outbox.add(item.url, sent, `${owner}:${item.url}`);
  }

  function forget(item: Item): void {
    waiting.delete(item);
    remember("localStorage", key(item), null);
  }

  function refused(item: Item, given: Given, error: HttpError): void {
    if (isOver(error.status)) {
      over.set(item, { given, why: error.status === 404 ? fill(words, "gone") : error.message });
    }
    drawList();
    if (open !== item) return;
    if (over.has(item)) show(item);
    else ask(item, error.message);
  }

  function arrived(item: Item, result: Result): void {
    signedOut = "";
    results.set(item, result);
    forget(item);
    drawList();
    if (open === item) show(item);
  }

  /** Nobody has answered it yet. Passed over it is asked again by the next playing over it. */
  const isOpen = (item: Item): boolean => !results.has(item) && !waiting.has(item) && !over.has(item);

  function come(crossed: Item[]): void {
    queue.push(...crossed.filter((item) => isOpen(item) && !queue.includes(item)));
    if (!open) next();
  }

  function next(): void {
    const item = queue.shift();
    if (!item) {
      close();
      return;
    }
    goesOn = !video.ended;
    present(item);
  }

  function present(item: Item): void {
    open = item;
    video.pause();
    leaveFloating();
    if (dialog.hidden) before = document.activeElement;
    dialog.hidden = false;
    show(item);
  }

  /** Where the system shows the video alone, nothing can lie over it. */
  function leaveFloating(): void {
    const apple = video as AppleVideo;
    if (apple.webkitDisplayingFullscreen) apple.webkitExitFullscreen?.();
    if (document.pictureInPictureElement) void document.exitPictureInPicture().catch(() => undefined);
    else if (apple.webkitPresentationMode === "picture-in-picture") apple.webkitSetPresentationMode?.("inline");
  }

  function close(): void {
    open = null;
    dialog.hidden = true;
    body.textContent = "";
    if (before instanceof HTMLElement) before.focus();
    if (goesOn) video.play().catch(() => undefined);
    goesOn = false;
  }

  function show(item: Item, isLate = !isOnline()): void {
    const result = results.get(item);
    const given = waiting.get(item);
    const ended = over.get(item);
    if (result) {
      drawResult(body, item, words, { result, keeps });
      button(fill(words, goesOn ? "go_on" : "close"), "btn", next);
    } else if (given || ended) {
      const late = ended?.why || signedOut || (isLate ? fill(words, "waits") : "");
      drawResult(body, item, words, { given: given ?? ended?.given, keeps, late });
      button(fill(words, goesOn ? "go_on" : "close"), "btn", next);
    } else {
      ask(item);
      return;
    }
    byId("asked-title").focus();
  }

  function ask(item: Item, fault = ""): void {
    const form = drawQuestion(body, item, words);
    form.element.addEventListener("submit", (event) => {
      event.preventDefault();
      answer(item, form);
    });
    if (!item.must) button(fill(words, "skip"), "btn quiet", next, form.element);
    form.say(fault);
    byId("asked-title").focus();
  }

  function answer(item: Item, form: Form): void {
    const given = form.given();
    if (!isComplete(item, given)) {
      form.say(fill(words, item.kind === "order" ? "order" : "first"));
      return;
    }
    if (!keeps) {
      form.busy(true);
      send<Result>(item.url, { version: item.version, ...given }).then(
        (result) => arrived(item, result),
        (error: unknown) => {
          if (error instanceof HttpError && isOver(error.status)) {
            refused(item, given, error);
            return;
          }
          // What was ticked or written stays.
          form.busy(false);
          form.say(error instanceof HttpError ? error.message : "");
        },
      );
      return;
    }
    // On the phone before it is on its way: whatever becomes of the line, it is not asked again.
    waiting.set(item, given);
    remember("localStorage", key(item), { ...given, version: item.version });
    post(item, given);
    drawList();
    show(item);
    window.setTimeout(() => {
      if (open === item && waiting.has(item)) show(item, true);
    }, LATE_MS);
  }

  function button(text: string, looks: string, tapped: () => void, into: Element = body): void {
    const made = document.createElement("button");
    made.type = "button";
    made.className = looks;
    made.textContent = text;
    made.addEventListener("click", tapped);
    into.appendChild(made);
  }

  // --- the list below the player, and the marks on its bar ----------------------------------------------------------

  function drawList(): void {
    items.forEach((item, place) => {
      const row = byId<HTMLButtonElement>(`asked-${place}`);
      const result = results.get(item);
      const state = result ? (result.is_right ? "state_right" : "state_wrong") : "state_open";
      const text = fill(words, waiting.has(item) ? "state_waits" : over.has(item) ? "state_over" : state);
      const said = row.querySelector(".asked-state");
      if (said && said.textContent !== text) said.textContent = text;
      byId(`asked-mark-${place}`).classList.toggle("done", !isOpen(item));
      row.disabled = false;
    });
  }

  items.forEach((item, place) => {
    const mark = document.createElement("span");
    mark.id = `asked-mark-${place}`;
    mark.className = "asked-mark";
    const seek = byId<HTMLInputElement>("player-seek");
    mark.style.left = `${((item.at_ms / (Number(seek.max) || 1)) * 100).toFixed(2)}%`;
    seek.parentElement?.appendChild(mark);
    byId(`asked-${place}`).addEventListener("click", () => {
      if (!isOpen(item)) {
        goesOn = !video.paused;
        const given = waiting.get(item);
        if (given) post(item, given);
        present(item);
        return;
      }
      seek.value = String(Math.max(0, item.at_ms - BACK_MS));
      // As if it was dragged there: the course's setting, and what counts, stay the player's.
      for (const event of ["input", "change"]) seek.dispatchEvent(new Event(event));
      byId("player").scrollIntoView({ block: "start" });
      byId("player-toggle").focus();
    });
  });

  // --- the video ---------------------------------------------------------------------------------------------------

  const moments = items.map((item) => item.at_ms);
  const look = (): void => {
    if (video.seeking) return;
    const crossed = crossing.to(video.currentTime * 1000, moments);
    if (crossed.length) come(items.filter((item) => crossed.includes(item.at_ms)));
  };
  for (const event of ["seeking", "emptied"]) video.addEventListener(event, () => crossing.cut());
  for (const event of ["playing", "timeupdate", "ended"]) video.addEventListener(event, look);
  // The lock screen's key, a repaired source, the browser's own controls: while it asks, nothing plays.
  video.addEventListener("play", () => {
    if (open) video.pause();
  });

  dialog.addEventListener("keydown", (event) => {
    // The player's own keys are not meant here.
    event.stopPropagation();
    if (event.key === "Escape" && open && (!open.must || !isOpen(open))) next();
    if (event.key !== "Tab") return;
    const stops = dialog.querySelectorAll<HTMLElement>("input, select, button");
    const [first, last] = [stops[0], stops[stops.length - 1]];
    const at = document.activeElement;
    if (event.shiftKey ? at === first || at === byId("asked-title") : at === last) {
      event.preventDefault();
      (event.shiftKey ? last : first)?.focus();
    }
  });
  drawList();
}

const data = readData<AskedData>("asked-data");
if (data) run(data);
