/** What the desk says of the recording: red while nothing is recorded; a hole that is over stays until it was seen. */
import { byId, write } from "../lib/page";
import { recall, remember } from "../lib/storage";
import type { Recording } from "./page";

export class RecordingNotice {
  told: Recording | undefined;
  private readonly key: string;

  constructor(occasion: number) {
    this.key = `recording-seen-${occasion}`;
  }

  /** The lecturer has seen it: until it is interrupted once more. */
  seen(): void {
    remember("localStorage", this.key, this.told?.count ?? 0);
  }

  show(isLive: boolean): void {
    const { told } = this;
    const off = isLive ? (told?.off ?? "") : "";
    const missed = told && told.count > recall("localStorage", this.key, 0) ? told.missed : "";
    write(byId("recording-state"), off || missed);
    byId("recording").hidden = !off && !missed;
    byId("recording-seen").hidden = !!off;
  }
}
