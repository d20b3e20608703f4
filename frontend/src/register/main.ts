/**
 * The register on a PC: a click on a cell opens its evidence at the side. Without this script, on a phone or with a key
 * held, the same link leads to the page. One cell is in the order of Tab; arrows lead to the others.
 */
import { optional, write } from "../lib/page";
import { type At, moved } from "./grid";

const table = optional<HTMLTableElement>("register");
const evidence = optional("evidence");
const isWide = window.matchMedia("(min-width: 60rem)");

let current: HTMLAnchorElement | null = null;
let asked = 0;

function linkAt(at: At): HTMLAnchorElement | null {
  const row = table?.tBodies[0]?.rows[at.row];
  // The first cell of a row is the name.
  return row?.cells[at.column + 1]?.querySelector("a") ?? null;
}

function placeOf(link: HTMLAnchorElement): At {
  const cell = link.closest("td");
  const row = link.closest("tr");
  const rows = table?.tBodies[0]?.rows;
  return {
    row: rows && row ? Array.prototype.indexOf.call(rows, row) : 0,
    column: cell ? cell.cellIndex - 1 : 0,
  };
}

function makeCurrent(link: HTMLAnchorElement): void {
  current?.setAttribute("tabindex", "-1");
  current = link;
  link.removeAttribute("tabindex");
}

function mark(link: HTMLAnchorElement): void {
  for (const one of Array.from(document.querySelectorAll("#register td.sel"))) one.classList.remove("sel");
  link.closest("td")?.classList.add("sel");
}

async function open(link: HTMLAnchorElement): Promise<void> {
  const mine = ++asked;
  mark(link);
  try {
    const answer = await fetch(`${link.href}?part=1`, { credentials: "same-origin", redirect: "error" });
    if (!answer.ok) throw new Error(String(answer.status));
    const text = await answer.text();
    if (mine !== asked || !evidence) return; // another cell was asked for meanwhile
    evidence.innerHTML = text;
    evidence.scrollTop = 0;
    const opened = optional("opened");
    if (opened) write(opened, evidence.querySelector("[data-opened]")?.textContent ?? "");
  } catch {
    if (mine === asked) window.location.href = link.href; // the page says what is the matter
  }
}

function onClick(event: MouseEvent): void {
  const link = (event.target as Element).closest<HTMLAnchorElement>("td a");
  if (!link) return;
  makeCurrent(link);
  if (!isWide.matches || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  void open(link);
}

/** The nearest cell with a link in the direction of the key; where somebody was not expected there is none. */
function onKey(event: KeyboardEvent): void {
  const link = (event.target as Element).closest<HTMLAnchorElement>("td a");
  const body = table?.tBodies[0];
  if (!link || !body) return;
  const columns = (body.rows[0]?.cells.length ?? 1) - 3; // without the name and the two sums
  let at = placeOf(link);
  for (let steps = 0; steps < Math.max(columns, body.rows.length); steps++) {
    const next = moved(event.key, at, body.rows.length, columns, event.ctrlKey);
    if (!next || (next.row === at.row && next.column === at.column)) return;
    const found = linkAt(next);
    if (found) {
      event.preventDefault();
      makeCurrent(found);
      found.focus();
      return;
    }
    at = next;
  }
}

function count(): void {
  const ticked = document.querySelectorAll("#register input:checked").length;
  const said = optional("ticked");
  if (said && ticked) write(said, (said.dataset.words ?? "").replace("%(number)s", String(ticked)));
}

if (table) {
  const links = table.querySelectorAll<HTMLAnchorElement>("td a");
  for (const link of Array.from(links)) link.setAttribute("tabindex", "-1");
  if (links[0]) makeCurrent(links[0]);
  table.addEventListener("click", onClick);
  table.addEventListener("keydown", onKey);
  table.addEventListener("change", count);
}
