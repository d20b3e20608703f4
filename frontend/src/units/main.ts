/** The choice of a unit: a search, the tree level by level, what was chosen lately. Without it the text is typed. */
import { recall, remember } from "../lib/storage";

interface Unit {
  id: number;
  text: string;
  name: string;
  code?: string;
  where?: string;
  below?: boolean;
}

interface Answer {
  owner: number;
  line: Unit[];
  units: Unit[];
  more: boolean;
}

const RECENT = 5;
const PAUSE_MS = 250;
let lists = 0;

function made<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  look: string,
  text = "",
  type = "",
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = look;
  if (text) element.textContent = text;
  if (type) element.setAttribute("type", type);
  return element;
}

function start(root: HTMLElement): void {
  const words = root.dataset;
  const text = root.querySelector<HTMLInputElement>('input[type="text"]');
  if (!text || text.disabled) return;
  const key = root.querySelector<HTMLInputElement>('input[type="hidden"]');
  lists += 1;
  const button = made("button", "units-open", words.open, "button");
  const box = made("div", "units-box");
  box.id = `units-box-${lists}`;
  box.hidden = true;
  button.setAttribute("aria-expanded", "false");
  button.setAttribute("aria-controls", box.id);
  const search = made("input", "units-search", "", "search");
  search.setAttribute("aria-label", words.search ?? "");
  search.placeholder = words.search ?? "";
  const way = made("div", "units-way");
  const list = made("ul", "units-list");
  const said = made("p", "units-said");
  said.setAttribute("role", "status");
  for (const part of [search, way, said, list]) box.appendChild(part);
  root.appendChild(button);
  root.appendChild(box);
  let asked = 0;
  let timer = 0;

  const show = (open: boolean): void => {
    box.hidden = !open;
    button.textContent = (open ? words.close : words.open) ?? "";
    button.setAttribute("aria-expanded", String(open));
  };

  const choose = (unit: Unit, owner: number): void => {
    text.value = unit.text;
    if (key) key.value = String(unit.id);
    const storage = `units-${owner}`;
    const before = recall<Unit[]>("localStorage", storage, []).filter((one) => one.id !== unit.id);
    remember("localStorage", storage, [{ id: unit.id, text: unit.text, name: unit.name }, ...before].slice(0, RECENT));
    show(false);
    text.focus();
    // Whoever waits for "change" finds the key written: "input" takes it away, as with whatever is typed.
    text.dispatchEvent(new Event("input", { bubbles: true }));
    if (key) key.value = String(unit.id);
    text.dispatchEvent(new Event("change", { bubbles: true }));
  };

  const row = (unit: Unit, owner: number): HTMLElement => {
    const item = made("li", "units-row");
    const pick = made("button", "units-pick", unit.name, "button");
    const small = [unit.code, unit.where].filter(Boolean).join(" · ");
    if (small) pick.appendChild(made("span", "units-where", small));
    pick.addEventListener("click", () => choose(unit, owner));
    item.appendChild(pick);
    if (unit.below) {
      const deeper = made("button", "units-below", "›", "button");
      deeper.setAttribute("aria-label", `${words.below}：${unit.name}`);
      deeper.addEventListener("click", () => load(`at=${unit.id}`, true));
      item.appendChild(deeper);
    }
    return item;
  };

  const draw = (answer: Answer, first: boolean, moved: boolean): void => {
    const { owner, line } = answer;
    way.textContent = "";
    list.textContent = "";
    said.textContent = answer.more ? (words.more ?? "") : answer.units.length ? "" : (words.none ?? "");
    if (line.length) {
      const above = line[line.length - 2];
      const up = made("button", "units-up", `‹ ${words.up}`, "button");
      up.addEventListener("click", () => load(above ? `at=${above.id}` : "", true));
      way.appendChild(up);
      way.appendChild(made("b", "units-here", line[line.length - 1]?.name ?? ""));
    }
    const recent = first ? recall<Unit[]>("localStorage", `units-${owner}`, []) : [];
    if (recent.length) {
      list.appendChild(made("li", "units-head", words.recent));
      for (const unit of recent) list.appendChild(row(unit, owner));
      list.appendChild(made("li", "units-line"));
    }
    for (const unit of answer.units) list.appendChild(row(unit, owner));
    if (moved) list.querySelector<HTMLElement>("button")?.focus();
  };

  const load = async (query: string, moved = false): Promise<void> => {
    asked += 1;
    const mine = asked;
    try {
      const response = await fetch(`${words.url}&${query}`, { credentials: "same-origin" });
      if (!response.ok) throw new Error(String(response.status));
      const answer = (await response.json()) as Answer;
      if (mine === asked) draw(answer, query === "", moved);
    } catch {
      if (mine === asked) said.textContent = words.failed ?? "";
    }
  };

  button.addEventListener("click", () => {
    const opens = Boolean(box.hidden);
    show(opens);
    if (!opens) return;
    search.value = "";
    void load("");
    search.focus();
  });
  text.addEventListener("input", () => {
    if (key) key.value = "";
  });
  search.addEventListener("input", () => {
    window.clearTimeout(timer);
    const query = search.value.trim();
    timer = window.setTimeout(() => void load(query ? `q=${encodeURIComponent(query)}` : ""), PAUSE_MS);
  });
  // A search for a unit is not yet one: a form that is sent at each key (Wagtail's lists) does not hear it.
  for (const event of ["input", "change"]) box.addEventListener(event, (one) => one.stopPropagation());
  box.addEventListener("keydown", (event) => {
    const at = document.activeElement;
    if (event.key === "Escape") {
      event.stopPropagation();
      show(false);
      button.focus();
    } else if (event.key === "Enter" && at === search) {
      event.preventDefault(); // the form is not sent by a search
      list.querySelector<HTMLElement>(".units-pick")?.focus();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const picks = Array.from(list.querySelectorAll<HTMLElement>(".units-pick"));
      const here = picks.findIndex((one) => one.parentElement?.contains(at));
      const next = picks[here + (event.key === "ArrowDown" ? 1 : -1)];
      if (next) next.focus();
      else if (event.key === "ArrowUp") search.focus();
    } else if (event.key === "ArrowRight" && at?.classList.contains("units-pick")) {
      at.parentElement?.querySelector<HTMLElement>(".units-below")?.click();
    } else if (event.key === "ArrowLeft" && at !== search) {
      way.querySelector<HTMLElement>(".units-up")?.click();
    }
  });
}

function all(): void {
  for (const root of Array.from(document.querySelectorAll<HTMLElement>("[data-units]"))) {
    if (root.dataset.ready) continue;
    root.dataset.ready = "yes";
    start(root);
  }
}

function begin(): void {
  all();
  // Wagtail's choosers and filters come, and come anew, after the page.
  if (typeof MutationObserver === "function") {
    new MutationObserver(all).observe(document.body, { childList: true, subtree: true });
  }
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
else begin();
