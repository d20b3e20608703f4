/** What the desk says of the recording: red while nothing is recorded; a hole that is over stays until it was seen. */
import { byId, write } from "../lib/page";
import { recall, remember } from "../lib/storage";
import type { Recording } from "./page";

export class RecordingNotice {
  told: Recording | undefined;
  private readonly key: string;
  private isLive = false;

  constructor(occasion: number) {
    this.key = `recording-seen-${occasion}`;
    // The lecturer has seen it: until it is interrupted once more.
    byId("recording-seen").addEventListener("click", () => {
      remember("localStorage", this.key, this.told?.count ?? 0);
      this.show(this.isLive);
    });
  }

  show(isLive: boolean): void {
    this.isLive = isLive;
    const { told } = this;
    const off = isLive ? (told?.off ?? "") : "";
    const missed = told && told.count > recall("localStorage", this.key, 0) ? told.missed : "";
    write(byId("recording-state"), off || missed);
    byId("recording").hidden = !off && !missed;
    byId("recording-seen").hidden = !!off;
  }
}
