/** The assistant's card and the presenter's: who is on the air, taking the picture over, giving it back. */
import type { Command, OnAirEvent } from "../lib/frames";
import { byId, write } from "../lib/page";
import type { HostWords } from "../lib/sentences";
import { fill } from "../lib/words";
import { isOver } from "../room/page";
import { pageSource } from "./source";
import {
  ENCODER,
  mayLetEncoder,
  mayTakeBack,
  type Role,
  replacedWord,
  roleOf,
  senderOf,
  takeAsks,
  takenWord,
} from "./stage";

export interface AssistantEvents {
  send(command: Command): boolean;
  /** Goes out now or with the next line. */
  press(command: Command): void;
  state(): string;
  /** What this page is has changed: devices are opened, or let go. */
  role(role: Role): void;
}

export class Assistant {
  role: Role = "presenter";
  private readonly source: string;
  private onAir: OnAirEvent | null = null;
  /** The turn that the person confirmed to take over. */
  private taking = 0;
  private asked = 0;

  constructor(
    private readonly words: HostWords,
    private readonly you: number,
    occasion: number,
    private readonly events: AssistantEvents,
  ) {
    this.source = pageSource(occasion);
    byId("take").addEventListener("click", () => this.ask(this.onAir?.turn ?? 0));
    byId("take-no").addEventListener("click", () => this.ask(0));
    byId("take-yes").addEventListener("click", () => this.take(this.asked));
    byId("take-back").addEventListener("click", () => this.take(this.onAir?.turn ?? 0));
    byId("take-cancel").addEventListener("click", () => this.take(0));
    byId("encoder-let").addEventListener("click", () => {
      events.press({ t: "await_encoder", on: !this.onAir?.awaits, source: this.source });
    });
    byId("give-back").addEventListener("click", () => events.press({ t: "give_back", source: this.source }));
  }

  /** What stands in the page when it is opened: nothing is opened or let go yet. */
  begin(onAir: OnAirEvent | null): void {
    this.onAir = onAir;
    this.role = this.now();
    this.show();
  }

  changed(onAir: OnAirEvent | null): void {
    this.onAir = onAir;
    if (this.taking !== onAir?.turn) this.taking = 0;
    // Somebody else is on the air by now: another name would have to be confirmed.
    if (this.asked !== onAir?.turn) this.asked = 0;
    this.settle();
  }

  /** The lecture's state may make it another page. */
  settle(): void {
    const role = this.now();
    if (role !== this.role) {
      this.role = role;
      this.events.role(role);
    }
    this.show();
  }

  /** The server knows somebody else on the air; what it tells next says whom. */
  refused(): void {
    this.taking = 0;
    this.settle();
  }

  /** The commands that put a page on the air name it. */
  signed(command: Command): Command {
    if (command.t === "offer" || command.t === "fall_back")
      return { ...command, source: this.source, turn: this.taking || this.ownTurn() };
    return command.t === "go_live" || command.t === "reclaim" ? { ...command, source: this.source } : command;
  }

  /** Who sends the picture, where it is not this page; else "". */
  get sender(): string {
    const { source, you, onAir } = this;
    const name = senderOf({ state: this.events.state(), onAir, source, you });
    return name && this.isEncoder ? fill(this.words, "encoder") : name;
  }

  private get isEncoder(): boolean {
    return this.onAir?.source === ENCODER;
  }

  private ownTurn(): number {
    return this.onAir?.host === this.you && !this.isEncoder ? this.onAir.turn : 0;
  }

  private now(): Role {
    const { source, you, taking, onAir } = this;
    // Over: nobody's devices are opened for that.
    if (isOver(this.events.state())) return this.role;
    return roleOf({ state: this.events.state(), onAir, source, you, taking });
  }

  private ask(turn: number): void {
    this.asked = turn;
    this.show();
    byId(turn ? "take-no" : "take").focus();
  }

  private take(turn: number): void {
    this.asked = 0;
    this.taking = turn;
    this.settle();
  }

  private show(): void {
    const { onAir } = this;
    const isAssistant = this.role === "assistant";
    const isMine = onAir?.source === this.source && onAir.host === this.you;
    const back = isAssistant && mayTakeBack({ onAir, source: this.source });
    // Over: who sent the picture is no news, and nobody takes it.
    byId("assistant").hidden = !isAssistant || isOver(this.events.state());
    write(byId("on-air-who"), this.who());
    const replaced = back && onAir ? replacedWord(onAir, this.you) : "";
    byId("air-offer").hidden = !replaced;
    if (replaced) write(byId("air-offer"), this.say(replaced));
    // The notice names who sends; twice is once too often.
    byId("on-air-who").hidden = !!replaced;
    byId("take-back").hidden = !back;
    byId("take").hidden = back || this.asked > 0;
    byId("take-confirm").hidden = !this.asked;
    write(byId("take-asks"), this.say(takeAsks(onAir, this.you)));
    byId("take-cancel").hidden = !(this.taking && !isMine);
    this.showEncoder();
    const may = this.role === "presenter" && isMine && !!onAir?.before && this.events.state() === "live";
    byId("taken").hidden = !may;
    if (may && onAir) write(byId("taken-say"), this.say(takenWord(onAir)));
    byId("give-back").hidden = !may || !onAir || takenWord(onAir) !== "taken_from";
  }

  private showEncoder(): void {
    const { source, you, onAir } = this;
    const may = mayLetEncoder({ state: this.events.state(), onAir, source, you });
    byId("encoder-let").hidden = !may;
    byId("encoder-awaited").hidden = !(may && onAir?.awaits);
    if (!may) return;
    write(byId("encoder-let"), this.say(onAir?.awaits ? "encoder_stay" : "encoder_let"));
    write(byId("encoder-awaited"), this.say("encoder_awaited"));
  }

  private who(): string {
    const { onAir } = this;
    if (!onAir) return "";
    if (this.isEncoder) return this.say(onAir.here ? "encoder_on" : "encoder_away");
    if (onAir.host === this.you) return this.say("on_air_you");
    return this.say(onAir.here ? "on_air_who" : "on_air_away");
  }

  private say(word: keyof HostWords): string {
    const { onAir } = this;
    const name = onAir?.unit ? `${onAir.name} · ${onAir.unit}` : (onAir?.name ?? "");
    return fill(this.words, word, { name, before: onAir?.before_name ?? "" });
  }
}
