/**
 * 登记集中收看: names found while one types, ticks kept on the phone, and what could not be sent sent when the line is back.
 * Without this the page works by its forms alone.
 */
import { isOnline, onConnection } from "../lib/connection";
import { randomId } from "../lib/device";
import { get, HttpError } from "../lib/http";
import { type Entry, Outbox, phoneStore } from "../lib/outbox";
import { byId, optional, readData, write } from "../lib/page";
import type { HallWords } from "../lib/sentences";
import { fill } from "../lib/words";
import { draftAt, isDigits, isMeant, KEPT_MS, keepDraft } from "./draft";

interface HallData {
  key: string;
  owner: string;
  sync: string;
  find: string;
  words: HallWords;
}

interface Found {
  members: number[];
}

const data = readData<HallData>("hall-data") as HallData;
const form = optional<HTMLFormElement>("hall");
const boxes = Array.from(form?.querySelectorAll<HTMLInputElement>("input[name=members]") ?? []);
const draftKey = `hall:${data.owner}:${data.key}`;
const store = phoneStore();
let said = "";

function field(name: string): HTMLInputElement | null {
  return form?.querySelector<HTMLInputElement>(`input[name=${name}]`) ?? null;
}

function labelOf(box: HTMLInputElement): HTMLElement {
  return box.closest("label") as HTMLElement;
}

/** What this person's phone has still to hand in for this hall. */
function unsent(): Entry[] {
  return store.all().filter((entry) => entry.url === data.sync && entry.owner === data.owner);
}

function ids(entry: Entry): number[] {
  return (entry.body.members as number[] | undefined) ?? [];
}

function show(): void {
  const waiting = unsent();
  const sent = new Set<string>();
  for (const entry of waiting) for (const id of ids(entry)) sent.add(String(id));
  for (const box of boxes) {
    box.disabled = sent.has(box.value);
    if (box.disabled) box.checked = true;
  }
  const ticked = boxes.filter((box) => box.checked).length;
  const count = optional("hall-count");
  if (count) write(count, fill(data.words, "ticked", { count: ticked, all: boxes.length }));
  const guests = waiting.reduce((sum, entry) => sum + ((entry.body.guests as unknown[] | undefined) ?? []).length, 0);
  const card = byId("hall-unsent");
  card.hidden = waiting.length === 0 && !said;
  const kept = waiting.length > 0 ? fill(data.words, "unsent", { count: sent.size + guests }) : "";
  write(byId("hall-unsent-text"), [said, kept].filter(Boolean).join(" "));
  byId("hall-take-back").hidden = waiting.length === 0;
}

function keep(): void {
  const members = boxes.filter((box) => box.checked).map((box) => box.value);
  const startedAt = field("started_at")?.value ?? "";
  keepDraft(draftKey, { members, startedAt, endedAt: field("ended_at")?.value ?? "", at: Date.now() });
  show();
}

function restore(): void {
  const draft = draftAt(draftKey, Date.now());
  if (draft.members.length === 0) return;
  for (const box of boxes) if (draft.members.indexOf(box.value) >= 0) box.checked = true;
  const start = field("started_at");
  const end = field("ended_at");
  if (start && draft.startedAt) start.value = draft.startedAt;
  if (end && draft.endedAt) end.value = draft.endedAt;
  keep(); // Whoever was taken over meanwhile is not in the list any more.
}

const outbox = new Outbox({
  owner: data.owner,
  store,
  onAcknowledged: (entry) => {
    if (entry.url !== data.sync) return;
    for (const box of boxes) if (ids(entry).indexOf(Number(box.value)) >= 0) box.checked = false;
    said = "";
    keep();
    // What came of it is said by the page as the server has it now.
    if (unsent().length === 0) window.location.reload();
  },
  onRefused: (entry, error) => {
    if (entry.url !== data.sync) return;
    said = error.message;
    show();
  },
  onSignedOut: (error) => {
    said = error.message;
    show();
  },
});

function body(members: number[], guests: Record<string, string>[]): Record<string, unknown> {
  const times = { started_at: field("started_at")?.value ?? "", ended_at: field("ended_at")?.value ?? "" };
  return { members, guests, ...times, from_scan: field("from_scan")?.checked !== false, offline: !isOnline() };
}

function send(event: Event): void {
  const members = boxes.filter((box) => box.checked && !box.disabled).map((box) => Number(box.value));
  if (members.length === 0 || !form?.reportValidity()) return; // The server says what is missing.
  event.preventDefault();
  said = "";
  keep();
  outbox.add(data.sync, body(members, []), randomId(), KEPT_MS);
  show();
  byId("hall-unsent").scrollIntoView({ block: "center" });
}

function sendGuest(event: Event): void {
  const guest = event.target as HTMLFormElement;
  if (isOnline()) return;
  event.preventDefault();
  const one: Record<string, string> = {};
  for (const name of ["name", "unit", "last4"]) {
    one[name] = guest.querySelector<HTMLInputElement>(`input[name=${name}]`)?.value ?? "";
  }
  outbox.add(data.sync, body([], [one]), randomId(), KEPT_MS);
  guest.reset();
  show();
}

function takeBack(): void {
  for (const entry of unsent()) outbox.forget(entry.id);
  said = "";
  show();
}

/** Hide whom the text does not mean; whose phone ends so, only the server knows. */
async function find(): Promise<void> {
  const sought = (field("name")?.value ?? "").trim();
  let known: number[] | null = null;
  let problem = "";
  if (isDigits(sought)) {
    try {
      known = (await get<Found>(`${data.find}&last4=${sought}`, { retries: 0 })).members;
    } catch (error) {
      problem = isOnline() && error instanceof HttpError ? error.message : fill(data.words, "no_digits");
      known = [];
    }
    if (sought !== (field("name")?.value ?? "").trim()) return; // More was typed meanwhile.
  }
  let found = 0;
  for (const box of boxes) {
    const label = labelOf(box);
    const name = (label.querySelector("span")?.firstChild?.textContent ?? "").trim();
    const hit = known ? known.indexOf(Number(box.value)) >= 0 : isMeant(sought, name, label.dataset.letters ?? "");
    label.hidden = !hit;
    if (hit) found += 1;
  }
  const none = sought && !found ? fill(data.words, "not_found", { sought }) : "";
  write(byId("hall-not-found"), problem || none);
}

function tickShown(on: boolean): void {
  for (const box of boxes) if (!labelOf(box).hidden && !box.disabled) box.checked = on;
  keep();
}

function onButton(selector: string, act: (event: Event) => void): void {
  form?.querySelector(selector)?.addEventListener("click", (event) => {
    event.preventDefault();
    act(event);
  });
}

if (form) {
  form.addEventListener("change", keep);
  field("name")?.addEventListener("input", () => void find());
  onButton("button[value=find]", () => void find());
  onButton("button[value=all]", () => tickShown(true));
  onButton("button[value=none]", () => tickShown(false));
  optional("hall-send")?.addEventListener("click", send);
}
optional("guest")?.addEventListener("submit", sendGuest);
byId("hall-take-back").addEventListener("click", takeBack);
onConnection(show);
restore();
show();
