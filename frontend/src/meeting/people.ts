/** Everybody in the meeting by name, and for who leads it: hands, the lobby, who may not speak, and the keys for each. */
import type { Command, HandEvent, Sitting, WaitingEvent } from "../lib/frames";
import { KeyedList } from "../lib/keyed";
import { byId, optional, write } from "../lib/page";
import type { MeetingWords } from "../lib/sentences";
import { Sure } from "../lib/sure";
import { fill } from "../lib/words";
import { key } from "./notes";

type Held = { member: number; name: string; kind: string };
type Word = keyof MeetingWords & string;

export class People {
  private readonly list: KeyedList<Sitting>;
  private readonly lobby: KeyedList<Sitting> | null;
  private readonly held: KeyedList<Held> | null;
  private readonly sure = new Sure();
  private seats: Sitting[] = [];
  private hands = new Map<number, HandEvent>();
  private isLobby = false;
  private waits = 0;
  private isLocked = false;

  constructor(
    private readonly words: MeetingWords,
    private readonly you: number,
    private readonly isHost: boolean,
    private readonly send: (command: Command) => boolean,
  ) {
    this.list = new KeyedList<Sitting>(byId("seats"), {
      key: (one) => one.member,
      shape: (one) => `${one.floor}`,
      make: (one) => this.row(one),
    });
    this.lobby = isHost ? this.waitingList() : null;
    this.held = isHost ? this.heldList() : null;
    this.on("silence-all", () => ({ t: "silence", member: 0 }));
    this.on("lock-switch", () => ({ t: "lock", on: !this.isLocked }));
    this.on("lobby-switch", () => ({ t: "lobby", on: !this.isLobby }));
    this.on("admit-all", () => ({ t: "admit", member: 0 }));
  }

  told(seats: Sitting[]): void {
    this.seats = seats;
    this.draw();
  }

  waiting({ lobby, waiting }: WaitingEvent): void {
    this.isLobby = lobby;
    this.lobby?.show(waiting);
    byId("lobby-box").hidden = waiting.length === 0;
    write(byId("lobby-count"), this.say("waiting_n", { n: waiting.length }));
    write(byId("lobby-switch"), this.say(lobby ? "lobby_off" : "lobby_on"));
    this.waits = waiting.length;
    this.mark();
  }

  /** Who waits for whoever leads it, on the tab: before the door, or with a hand up. */
  private mark(): void {
    const n = this.waits + this.hands.size;
    if (this.isHost) write(byId("people-mark"), n > 0 ? String(n) : "");
  }

  locked(on: boolean): void {
    this.isLocked = on;
    const button = optional("lock-switch");
    if (button) write(button, this.say(on ? "unlock" : "lock"));
  }

  restricted(held: Held[]): void {
    this.held?.show(held);
    const box = optional("held-box");
    if (box) box.hidden = held.length === 0;
  }

  allHands(hands: HandEvent[]): void {
    this.hands = new Map(hands.map((one) => [one.member, one]));
    this.draw();
  }

  hand(event: HandEvent): void {
    if (event.up) this.hands.set(event.member, event);
    else this.hands.delete(event.member);
    this.draw();
  }

  private say(word: Word, values: Record<string, string | number> = {}): string {
    return fill(this.words, word, values);
  }

  private on(id: string, command: () => Command): void {
    optional(id)?.addEventListener("click", () => this.send(command()));
  }

  private draw(): void {
    // Whose hand is up comes first, in the order of the hands.
    const at = ({ member }: Sitting): number => this.hands.get(member)?.at ?? Number.POSITIVE_INFINITY;
    const order = this.seats.map((one, place) => ({ one, place, at: at(one) }));
    order.sort((a, b) => (a.at === b.at ? a.place - b.place : a.at - b.at));
    this.list.show(order.map(({ one }) => one));
    this.mark();
  }

  private row(seat: Sitting): { element: HTMLElement; update(one: Sitting): void } {
    const element = document.createElement("li");
    element.className = "seat-row";
    const name = document.createElement("b");
    const facts = document.createElement("span");
    facts.className = "sub";
    element.append(name, facts);
    if (this.isHost && seat.member !== this.you) element.append(this.keys(seat));
    const update = (one: Sitting): void => {
      name.textContent = one.member === this.you ? this.say("you", { name: one.name }) : one.name;
      const raised = this.hands.has(one.member) ? [this.say("raised")] : [];
      const floor = one.floor ? [this.say("floor_mark")] : [];
      facts.textContent = [one.unit, ...raised, ...floor, this.say(one.mic ? "mic_on" : "mic_off")].join(" · ");
    };
    return { element, update };
  }

  private keys({ member, floor }: Sitting): HTMLElement {
    const row = document.createElement("div");
    row.className = "desk-row";
    row.append(
      key(this.say(floor ? "take_floor" : "give_floor"), () => this.send({ t: "give_floor", member, on: !floor })),
      key(this.say("silence"), () => this.send({ t: "silence", member })),
      key(this.say("ban"), () => this.send({ t: "mute", member, on: true })),
      this.removeKey(member),
    );
    return row;
  }

  private removeKey(member: number): HTMLElement {
    const button = key("", () => {
      if (this.sure.tapped(member, paint)) this.send({ t: "remove", member, on: true });
    });
    const paint = (): void => {
      button.textContent = this.say(this.sure.is(member) ? "remove_sure" : "remove");
    };
    this.sure.shown(member, paint);
    return button;
  }

  private waitingList(): KeyedList<Sitting> {
    return new KeyedList<Sitting>(byId("waiting"), {
      key: (one) => one.member,
      shape: () => "",
      make: (one) => {
        const element = document.createElement("li");
        element.className = "seat-row";
        const name = document.createElement("b");
        const row = document.createElement("div");
        row.className = "desk-row";
        row.append(
          key(this.say("admit"), () => this.send({ t: "admit", member: one.member })),
          this.removeKey(one.member),
        );
        element.append(name, row);
        return {
          element,
          update: (now) => {
            name.textContent = `${now.name} · ${now.unit}`;
          },
        };
      },
    });
  }

  private heldList(): KeyedList<Held> {
    return new KeyedList<Held>(byId("held"), {
      key: (one) => `${one.member}-${one.kind}`,
      shape: () => "",
      make: ({ member, name, kind }) => {
        const element = document.createElement("li");
        element.className = "seat-row";
        const label = document.createElement("b");
        label.textContent = name;
        const t = kind === "removed" ? "remove" : "mute";
        const word: Word = kind === "removed" ? "back_in" : ("unban" as const);
        element.append(
          label,
          key(this.say(word), () => this.send({ t, member, on: false })),
        );
        return { element, update: () => undefined };
      },
    });
  }
}
