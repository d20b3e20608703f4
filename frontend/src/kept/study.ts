/** Listening to a kept lesson: counted as the player counts, reported through the outbox when there is a network. */
import { onConnection } from "../lib/connection";
import { Counter } from "../player/counter";
import { WatchLedger } from "../player/ledger";
import type { PlayerData } from "../player/page";
import { length } from "../player/ranges";
import type { Kept } from "./lesson";

const REPORT_EVERY_MS = 12_000;

/** `told` gets what counts and what was heard and does not count yet, in ms. */
export function study(audio: HTMLAudioElement, kept: Kept, told: (counted: number, owed: number) => void): void {
  const counter = new Counter();
  const data = { ...kept.sound, session: kept.session } as unknown as PlayerData;
  const ledger = new WatchLedger(
    data,
    () => counter.seen,
    () => ({ rate: audio.playbackRate, position: audio.currentTime * 1000 }),
    () => draw(),
  );

  function draw(): void {
    told(length(ledger.credited), length(ledger.owed()));
  }

  function sample(last = false): void {
    if ((audio.paused && !last) || audio.seeking) {
      counter.cut();
      return;
    }
    counter.sample({
      now: performance.now(),
      position: audio.currentTime * 1000,
      rate: audio.playbackRate,
      hidden: document.hidden,
      audible: !audio.muted && audio.volume > 0,
    });
  }

  audio.addEventListener("timeupdate", () => {
    sample();
    draw();
  });
  for (const event of ["playing", "waiting", "seeking"]) audio.addEventListener(event, () => counter.cut());
  for (const event of ["pause", "ended"]) {
    audio.addEventListener(event, () => {
      sample(true);
      counter.cut();
      ledger.report();
    });
  }
  window.addEventListener("pagehide", () => {
    sample();
    ledger.leave();
  });
  window.addEventListener("pageshow", () => ledger.back());
  onConnection(() => ledger.report());
  window.setInterval(() => ledger.report(), REPORT_EVERY_MS);
  draw();
}
