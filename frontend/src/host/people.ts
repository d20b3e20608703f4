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
  /** A part of a unit's name; ``unitId``: the one that was chosen of those that fit. */
  private readonly unit = byId<HTMLInputElement>("people-unit");
  private readonly units = byId("people-units");
  private unitId = 0;
  private unitsDrawn = "";

  constructor(
    private readonly words: HostWords,
    private readonly you: number,
    private readonly url: string,
    private readonly press: (command: Command) => void,
  ) {
    this.tools = personTools(words, press);
    this.search.addEventListener("input", () => this.typed());
    byId("people-form").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.list(1);
    });
    this.unit.addEventListener("input", () => {
      this.unitId = 0;
      this.typed();
    });
    this.unit.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowDown" || !this.units.firstElementChild) return;
      event.preventDefault();
      this.units.querySelector<HTMLElement>(".tool")?.focus();
    });
    this.units.addEventListener("keydown", (event) => this.moved(event));
    byId("people-before").addEventListener("click", () => void this.list(this.page - 1));
    byId("people-after").addEventListener("click", () => void this.list(this.page + 1));
    byId("tab-people").addEventListener("click", () => void this.list(1));
  }

  private typed(): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.list(1), TYPED_MS);
  }

  /** Up and down among the units that fit, and back to the field. */
  private moved(event: KeyboardEvent): void {
    if (event.key === "Escape") this.unit.focus();
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const all = Array.from(this.units.querySelectorAll<HTMLElement>(".tool"));
    const at = all.indexOf(document.activeElement as HTMLElement) + (event.key === "ArrowDown" ? 1 : -1);
    if (at < 0) this.unit.focus();
    else all[at]?.focus();
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
    const of = this.unitId ? "" : this.unit.value.trim();
    const said = { q: this.search.value.trim(), unit: String(this.unitId), of, page: String(page) };
    const asked = new URLSearchParams(said);
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
    this.fillUnits(found);
  }

  /** The units to choose from; none once one is chosen. A button that is about to be touched stays where it is. */
  private fillUnits({ units, more_units }: PeoplePage): void {
    const shown = this.unitId ? [] : units;
    const drawn = JSON.stringify(shown);
    if (drawn !== this.unitsDrawn) {
      this.units.textContent = "";
      for (const { id, name, n } of shown) {
        const item = document.createElement("li");
        const button = document.createElement("button");
        button.type = "button";
        button.className = "tool";
        button.textContent = `${name}（${n}）`;
        button.addEventListener("click", () => this.choose(id, name));
        item.appendChild(button);
        this.units.appendChild(item);
      }
    }
    this.unitsDrawn = drawn;
    const isNone = !this.unitId && units.length === 0 && this.unit.value.trim() !== "";
    const more = this.unitId ? 0 : more_units;
    byId("people-units-more").textContent = isNone
      ? fill(this.words, "units_none")
      : more
        ? fill(this.words, "units_more", { n: more })
        : "";
  }

  private choose(id: number, name: string): void {
    this.unitId = id;
    this.unit.value = name;
    this.unit.focus();
    void this.list(1);
  }

  private showTab(): void {
    const hands = this.hands ? ` · ${fill(this.words, "hands_tab", { n: this.hands })}` : "";
    // Narrow, it breaks between the two and nowhere else.
    byId("people-tab").textContent = (fill(this.words, "people", { n: this.count }) + hands)
      .replace(/ /g, "\u00a0")
      .replace("·\u00a0", "· ");
  }
}
