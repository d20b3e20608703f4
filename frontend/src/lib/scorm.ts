/**
 * The first script of each page of a package. Its window is of no origin, so SCORM's object cannot lie in ours: it lies
 * here, knows by the frame's name how far somebody was, and tells the page around it by messages (ADR 82).
 */

export const PREFIX = "scorm:";
/** Between two messages while the package writes one value after the other. */
export const CALM_MS = 1500;
/** No longer is taken (packages/core/reports.py). */
const MOST_MS = 10_000_000_000;
/** What the page around says before it is left. */
export const LEAVE = "scorm:leave";

/** What a package says of whoever studies, and what it begins with again. Words and numbers as SCORM has them. */
export interface State {
  status: string;
  success: string;
  score: number | null;
  location: string;
  suspend: string;
  total_ms: number;
}

/** What the manifest gives (packages/core/given.py); "" is nothing said. */
export interface Given {
  launch_data: string;
  passing: string;
  threshold: string;
  max_time: string;
  at_limit: string;
  completes: boolean;
}

/** With what a page of a package begins. A package that was brought in before manifests were read for it has no more. */
export interface Start extends State {
  given: Partial<Given>;
}

export interface Message extends State {
  kind: "scorm";
  /** The package has ended: this one is not to wait. */
  final: boolean;
}

/** How far somebody was, from the frame's name; null in a window that is none of ours. */
export function startOf(name: string): Start | null {
  if (name.slice(0, PREFIX.length) !== PREFIX) return null;
  try {
    return JSON.parse(name.slice(PREFIX.length)) as Start;
  } catch {
    return null;
  }
}

export function nameOf(start: Start): string {
  return PREFIX + JSON.stringify(start);
}

/** A message of the frame; null for whatever else comes. */
export function readMessage(said: unknown): Message | null {
  const one = said as Partial<Message> | null;
  if (typeof one !== "object" || one === null || one.kind !== "scorm") return null;
  const words = [one.status, one.success, one.location, one.suspend];
  if (words.some((word) => typeof word !== "string")) return null;
  if (one.score !== null && (typeof one.score !== "number" || !Number.isFinite(one.score))) return null;
  if (typeof one.total_ms !== "number" || !(one.total_ms >= 0)) return null;
  return {
    kind: "scorm",
    status: one.status as string,
    success: one.success as string,
    score: one.score,
    location: one.location as string,
    suspend: one.suspend as string,
    total_ms: Math.round(one.total_ms),
    final: one.final === true,
  };
}

/** A score as SCORM writes it; "" is none. */
export function scoreOf(text: unknown): number | null {
  const score = typeof text === "string" && text.trim() === "" ? Number.NaN : Number(text);
  return Number.isFinite(score) ? score : null;
}

/** How long, as SCORM 1.2 writes it. */
export function clockOf(ms: number): string {
  const two = (value: number): string => `${value < 10 ? "0" : ""}${value}`;
  const s = Math.floor(ms / 1000);
  return `${two(Math.min(9999, Math.floor(s / 3600)))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/** SCORM 1.2's values to begin with. Without "credit" nobody is judged by the score. */
export function values12(before: Start): Record<string, string> {
  const given = before.given;
  return said({
    "cmi.core.credit": "credit",
    "cmi.core.lesson_status": before.status || "not attempted",
    "cmi.core.lesson_location": before.location,
    "cmi.suspend_data": before.suspend,
    "cmi.core.total_time": clockOf(before.total_ms),
    "cmi.core.entry": entryOf(before),
    "cmi.core.score.raw": before.score === null ? "" : String(before.score),
    "cmi.launch_data": given.launch_data,
    "cmi.student_data.mastery_score": given.passing,
    "cmi.student_data.max_time_allowed": given.max_time,
    "cmi.student_data.time_limit_action": given.at_limit,
  });
}

/** SCORM 2004's. */
export function values2004(before: Start): Record<string, string> {
  const given = before.given;
  return said({
    "cmi.completion_status": before.status || "unknown",
    "cmi.success_status": before.success || "unknown",
    "cmi.location": before.location,
    "cmi.suspend_data": before.suspend,
    "cmi.total_time": `PT${Math.floor(before.total_ms / 1000)}S`,
    "cmi.entry": entryOf(before),
    "cmi.score.raw": before.score === null ? "" : String(before.score),
    "cmi.launch_data": given.launch_data,
    "cmi.scaled_passing_score": given.passing,
    "cmi.completion_threshold": given.threshold,
    "cmi.max_time_allowed": given.max_time,
    "cmi.time_limit_action": given.at_limit,
  });
}

/** A package that has ended without a word of how far somebody was leaves that to us: it is completed. */
export function statusOf(status: unknown, ended: boolean): string {
  return ended && (status === "not attempted" || status === "unknown") ? "completed" : String(status);
}

function entryOf(before: Start): string {
  return before.status || before.location || before.suspend ? "resume" : "ab-initio";
}

function said(values: Record<string, string | undefined>): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [key, value] of Object.entries(values)) if (value) found[key] = value;
  return found;
}

type Call = (...values: string[]) => unknown;

export interface Surroundings {
  /** The verbs of SCORM's object, by their names. */
  verbs: string[];
  /** Those after which the page is told soon, at once, and for the last time. */
  set: string;
  commit: string;
  finish: string;
  api: Record<string, unknown>;
  tell: (final: boolean) => void;
  /** How the package says that it will be left: "suspend" is to be gone on with. */
  exit: string;
  leaves?: (how: string) => void;
  later: (run: () => void, ms: number) => number;
  cancel: (timer: number) => void;
}

/** SCORM's object as a package gets it: each verb, and the page is told of what changed. */
export function facade(one: Surroundings): Record<string, Call> {
  let waiting: number | null = null;
  const tell = (final: boolean): void => {
    if (waiting !== null) one.cancel(waiting);
    waiting = null;
    one.tell(final);
  };
  const found: Record<string, Call> = {};
  for (const verb of one.verbs) {
    found[verb] = (...values) => {
      if (verb === one.set && values[0] === one.exit) one.leaves?.(String(values[1]));
      const answer = (one.api[verb] as Call).apply(one.api, values);
      if (verb === one.finish) tell(true);
      else if (verb === one.commit) tell(false);
      else if (verb === one.set && waiting === null) waiting = one.later(() => tell(false), CALM_MS);
      return answer;
    };
  }
  return found;
}

/** Put the object where packages look for it: in the window, and in what they take for its parent. */
export function offer(name: string, object: unknown): Window {
  const around = window.parent;
  const stand: Record<string, unknown> = { [name]: object };
  stand.parent = stand;
  Object.defineProperty(window, name, { value: object, configurable: true });
  Object.defineProperty(window, "parent", { value: stand, configurable: true });
  // Many packages write there without asking whether they may, and stop when they may not.
  for (const storage of ["localStorage", "sessionStorage"]) {
    Object.defineProperty(window, storage, { value: memory(), configurable: true });
  }
  endEarly(window, around);
  Object.defineProperty(document, "cookie", { value: "", writable: true, configurable: true });
  return around;
}

/**
 * Most packages say where they were left in "unload", which browsers are giving up, and which comes when the page around
 * is gone already. Whatever waits for it is run once: as the window is about to go, or when the page around says so.
 */
export function endEarly(one: Window, around: Window): void {
  const waiting: ((event: Event) => unknown)[] = [];
  const listen = one.addEventListener.bind(one) as (...values: unknown[]) => void;
  const instead = (kind: string, run: unknown, ...rest: unknown[]): void => {
    if (kind === "unload" && typeof run === "function") waiting.push(run as (event: Event) => unknown);
    else listen(kind, run, ...rest);
  };
  Object.defineProperty(one, "addEventListener", { value: instead, configurable: true });
  const end = (event: Event): void => {
    const all = waiting.splice(0);
    if (typeof one.onunload === "function") all.push(one.onunload as (event: Event) => unknown);
    one.onunload = null;
    for (const run of all) run.call(one, event);
  };
  listen("beforeunload", end);
  listen("pagehide", end);
  listen("message", (event: MessageEvent) => {
    if (event.source === around && event.data === LEAVE) end(event);
  });
}

function memory(): Record<string, unknown> {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(String(key)) ?? null,
    setItem: (key: string, value: string) => void kept.set(String(key), String(value)),
    removeItem: (key: string) => void kept.delete(String(key)),
    clear: () => kept.clear(),
    key: (index: number) => Array.from(kept.keys())[index] ?? null,
    get length() {
      return kept.size;
    },
  };
}

/** Tell the page around it, and let the frame's next page begin from here. */
export function teller(
  around: Window,
  before: Start,
  read: (final: boolean) => Omit<State, "total_ms">,
): (final: boolean) => void {
  // No clock that somebody sets: a year put right in between would be a year of study.
  const began = performance.now();
  return (final) => {
    const total_ms = Math.min(MOST_MS, Math.round(before.total_ms + performance.now() - began));
    const state: State = { ...read(final), total_ms };
    window.name = nameOf({ ...state, given: before.given });
    const message: Message = { kind: "scorm", ...state, final };
    around.postMessage(message, "*");
  };
}
