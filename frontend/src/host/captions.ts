/** Captions at the desk: typed line by line, or sent from a prepared text with one tap each. */
import { randomId } from "../lib/device";
import type { Command, ErrorFrame, RoomEvent, ServerFrame } from "../lib/frames";
import { KeyedList } from "../lib/keyed";
import { button, made } from "../lib/made";
import { byId, write } from "../lib/page";
import type { CaptionWords } from "../lib/sentences";
import { recall, remember } from "../lib/storage";
import { Sure } from "../lib/sure";
import { fill } from "../lib/words";
import { CaptionList, type CaptionRow } from "../room/captions";
import { Pending } from "../room/pending";
import { preparedLines, readText } from "./prepared";

const MOST_BYTES = 1_000_000;
const SHOWN = 30;

interface Prepared {
  lines: string[];
  at: number;
}

export class HostCaptions {
  private readonly pending: Pending;
  private readonly list = new CaptionList();
  private readonly sure = new Sure();
  private readonly input = byId<HTMLInputElement>("caption-text");
  private readonly text = byId<HTMLTextAreaElement>("prepared-text");
  private prepared: Prepared;
  private readonly rows = new KeyedList<CaptionRow>(byId("caption-lines"), {
    key: ([line]) => line,
    shape: () => "",
    make: (row) => ({ element: this.row(row), update: () => undefined }),
  });

  constructor(
    private readonly words: CaptionWords,
    private readonly keep: string,
    private readonly send: (command: Command) => boolean,
  ) {
    this.pending = new Pending(send);
    this.prepared = recall("localStorage", keep, { lines: [], at: 0 });
    byId("caption-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.typed();
    });
    byId("prepared-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.take(this.text.value);
    });
    byId<HTMLInputElement>("prepared-file").addEventListener("change", (event) =>
      this.read(event.target as HTMLInputElement),
    );
    byId("prepared-next").addEventListener("click", () => this.next());
    byId("prepared-skip").addEventListener("click", () => this.go(1));
    byId("prepared-back").addEventListener("click", () => this.go(-1));
    byId("prepared-off").addEventListener("click", () => this.put({ lines: [], at: 0 }));
    this.drawPrepared();
  }

  told(lines: CaptionRow[]): void {
    this.list.told(lines);
    this.draw();
  }

  joined(): void {
    this.pending.resend();
  }

  frame(frame: ServerFrame): void {
    if (frame.t === "stored") this.pending.stored(frame.id);
  }

  /** Returns whether it was about captions. */
  refused(frame: ErrorFrame): boolean {
    if (this.pending.refused(frame)) return true;
    if (frame.t !== "caption_drop") return false;
    this.say(this.known(frame.error));
    return true;
  }

  /** Returns whether it was about captions. */
  event(event: RoomEvent): boolean {
    if (!this.list.event(event)) return false;
    this.draw();
    return true;
  }

  private typed(): void {
    const text = this.input.value.trim();
    if (!text) {
      this.say("empty");
      return;
    }
    this.input.value = "";
    this.putOut(text, () => {
      // What came after it stays: nothing typed is lost.
      this.input.value = [text, this.input.value].filter(Boolean).join(" ");
    });
  }

  /** `lost` is called where the server does not take it. */
  private putOut(text: string, lost: () => void): void {
    const isOut = this.pending.put({ t: "caption", id: randomId(), text }, (error) => {
      if (error) lost();
      this.say(error ? this.known(error) : "");
    });
    this.say(isOut ? "" : "not_sent");
  }

  private known(error: string): keyof CaptionWords {
    return error in this.words ? (error as keyof CaptionWords) : "try_again";
  }

  private say(word: keyof CaptionWords | ""): void {
    write(byId("caption-note"), word ? fill(this.words, word) : "");
  }

  // --- what was prepared ----------------------------------------------------------------------------------------

  private read(input: HTMLInputElement): void {
    const file = input.files?.[0];
    if (!file) return;
    if (file.size > MOST_BYTES) {
      this.saysPrepared("file_too_large");
      return;
    }
    const reader = new FileReader();
    reader.addEventListener("load", () => {
      input.value = "";
      const text = readText(reader.result as ArrayBuffer);
      if (text === null) this.saysPrepared("file_unreadable");
      else this.take(text);
    });
    reader.addEventListener("error", () => this.saysPrepared("file_unreadable"));
    reader.readAsArrayBuffer(file);
  }

  private take(text: string): void {
    const lines = preparedLines(text);
    if (!lines.length) {
      this.saysPrepared("nothing_prepared");
      return;
    }
    this.text.value = "";
    this.put({ lines, at: 0 });
    byId("prepared-next").focus();
  }

  private next(): void {
    const { lines, at } = this.prepared;
    const text = lines[at];
    if (text === undefined) return;
    this.go(1);
    this.putOut(text, () => {
      if (this.prepared.lines === lines) this.put({ lines, at });
    });
  }

  private go(by: number): void {
    const { lines, at } = this.prepared;
    this.put({ lines, at: Math.max(0, Math.min(lines.length, at + by)) });
  }

  private put(prepared: Prepared): void {
    this.prepared = prepared;
    remember("localStorage", this.keep, prepared.lines.length ? prepared : null);
    this.drawPrepared();
  }

  private saysPrepared(word: keyof CaptionWords): void {
    write(byId("prepared-note"), fill(this.words, word));
  }

  private drawPrepared(): void {
    const { lines, at } = this.prepared;
    const all = lines.length;
    byId("prepared").hidden = all === 0;
    byId("prepared-form").hidden = all > 0;
    write(byId("prepared-line"), lines[at] ?? "");
    byId<HTMLButtonElement>("prepared-next").disabled = at >= all;
    write(byId("prepared-note"), all ? fill(this.words, at < all ? "ready" : "done", { n: at + 1, all }) : "");
  }

  // --- what was sent --------------------------------------------------------------------------------------------

  private draw(): void {
    const rows = this.list.last(SHOWN).reverse();
    this.rows.show(rows);
    byId("captions-empty").hidden = rows.length > 0;
  }

  private row([line, text]: CaptionRow): HTMLElement {
    const element = made("li", "row hand-row");
    element.appendChild(made("span", "main", text));
    const drop = button("tool", "", () => {
      if (this.sure.tapped(line, paint)) this.say(this.send({ t: "caption_drop", line }) ? "" : "try_again");
    });
    const paint = (): void => {
      drop.textContent = fill(this.words, this.sure.is(line) ? "drop_sure" : "drop");
    };
    this.sure.shown(line, paint);
    element.appendChild(made("span", "tools")).appendChild(drop);
    return element;
  }
}
