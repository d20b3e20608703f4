/** Who is in the room, searched and paged on the server; who is muted or was removed; the tools beside a line of chat. */
import { jittered } from "../lib/backoff";
import type { ChatEvent, Command } from "../lib/frames";
import { get } from "../lib/http";
import { KeyedList, type KeyedRow } from "../lib/keyed";
import { byId } from "../lib/page";
import type { HostWords } from "../lib/sentences";
import { fill } from "../lib/words";
import type { PeoplePage, Restricted } from "./page";
import { type PersonTools, personTools, row, tool } from "./rows";

const TYPED_MS = 400;
/** Arrivals are shown together; a list that did not come is asked for again. */
const FOLLOW_MS = 3_000;
const AGAIN_MS = 5_000;

export class People {
  readonly tools: PersonTools;
  private count = 0;
  private hands = 0;
  private page = 1;
  private asked = 0;
  private timer = 0;
  private readonly held = new KeyedList<Restricted>(byId("held"), {
    key: ({ member, kind }) => `${kind}-${member}`,
    shape: ({ name }) => name,
    make: (one) => this.heldRow(one),
  });
  private nextTimer = 0;
  private drawn = "";
  private readonly search = byId<HTMLInputElement>("people-search");
  private readonly unit = byId<HTMLSelectElement>("people-unit");

  constructor(
    private readonly words: HostWords,
    private readonly you: number,
    private readonly url: string,
    private readonly press: (command: Command) => void,
  ) {
    this.tools = personTools(words, press);
    this.search.addEventListener("input", () => {
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(() => void this.list(1), TYPED_MS);
    });
    byId("people-form").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.list(1);
    });
    this.unit.addEventListener("change", () => void this.list(1));
    byId("people-before").addEventListener("click", () => void this.list(this.page - 1));
    byId("people-after").addEventListener("click", () => void this.list(this.page + 1));
    byId("tab-people").addEventListener("click", () => void this.list(1));
  }

  present(count: number): void {
    if (count !== this.count) this.listSoon(FOLLOW_MS);
    this.count = count;
    byId("people-count").textContent = fill(this.words, "people_say", { n: count });
    this.showTab();
  }

  handsUp(count: number): void {
    this.hands = count;
    this.showTab();
  }

  restricted(rows: Restricted[]): void {
    this.held.show(rows);
    byId("held-empty").hidden = rows.length > 0;
  }

  private heldRow({ member, name, kind }: Restricted): KeyedRow<Restricted> {
    const muted = kind === "muted";
    const lift = tool(this.words, muted ? "unmute" : "let_in", () =>
      this.press({ t: muted ? "mute" : "remove", member, on: false }),
    );
    const { element } = row(`${name} · ${fill(this.words, muted ? "muted" : "removed")}`, [lift]);
    return { element, update: () => undefined };
  }

  /** Put the tools beside a line of the chat; a host can be neither muted nor removed. */
  beside(line: HTMLElement, message: ChatEvent): void {
    const box = document.createElement("span");
    box.className = "tools";
    box.appendChild(tool(this.words, "hide", () => this.press({ t: "hide_message", message: message.message })));
    if (message.member !== this.you && !message.host) box.append(...this.tools(message));
    line.appendChild(box);
  }

  /** Ask for the shown page once more after a while; only while somebody looks at it. */
  private listSoon(ms: number): void {
    if (this.nextTimer) return;
    this.nextTimer = window.setTimeout(() => {
      this.nextTimer = 0;
      if (!byId("panel-people").hidden) void this.list(this.page);
    }, jittered(ms));
  }

  /** Ask for one page; a later question overtakes an earlier answer. */
  private async list(page: number): Promise<void> {
    this.asked += 1;
    const mine = this.asked;
    const asked = new URLSearchParams({ q: this.search.value.trim(), unit: this.unit.value, page: String(page) });
    try {
      const found = await get<PeoplePage>(`${this.url}?${asked.toString()}`);
      if (mine === this.asked) this.draw(found);
    } catch {
      if (mine !== this.asked) return;
      byId("people-found").textContent = fill(this.words, "try_again");
      this.listSoon(AGAIN_MS);
    }
  }

  private draw(found: PeoplePage): void {
    this.page = found.page;
    const list = byId("here");
    // Buttons that are about to be touched stay where they are, as long as the same people do.
    const drawn = JSON.stringify(found.rows);
    if (drawn !== this.drawn) {
      list.textContent = "";
      for (const one of found.rows) {
        const invite = tool(this.words, "invite", () => this.press({ t: "invite", member: one.member }));
        list.appendChild(row(`${one.name} · ${one.unit}`, [invite, ...this.tools(one)]).element);
      }
    }
    this.drawn = drawn;
    const { pages, page } = found;
    byId("people-found").textContent = fill(this.words, found.found ? "people_found" : "people_none", {
      n: found.found,
      page,
      pages,
    });
    byId("people-before").hidden = page <= 1;
    byId("people-after").hidden = page >= pages;
    this.fillUnits(found.units);
  }

  private fillUnits(units: PeoplePage["units"]): void {
    const chosen = this.unit.value;
    while (this.unit.options.length > 1) this.unit.remove(1);
    for (const { id, name, n } of units) this.unit.add(new Option(`${name}（${n}）`, String(id)));
    this.unit.value = chosen;
    if (this.unit.selectedIndex < 0) this.unit.selectedIndex = 0;
  }

  private showTab(): void {
    const hands = this.hands ? ` · ${fill(this.words, "hands_tab", { n: this.hands })}` : "";
    byId("people-tab").textContent = fill(this.words, "people", { n: this.count }) + hands;
  }
}
