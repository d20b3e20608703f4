import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { WatchLedger } from "../src/player/ledger";
import type { PlayerData } from "../src/player/page";
import type { Range } from "../src/player/ranges";
import { Browser } from "./browser";

let browser: Browser;
let seen: Range[];

beforeEach(() => {
  browser = new Browser();
  seen = [];
});
afterEach(() => browser.leave());

function ledgerOf(): WatchLedger {
  const data = {
    owner: "wang",
    media: "film",
    duration_ms: 600_000,
    credited_ms: [],
    records: true,
    session: 7,
    play_url: "/play",
    report_url: "/report",
  };
  const place = (): { rate: number; position: number } => ({ rate: 1, position: 0 });
  return new WatchLedger(
    data as unknown as PlayerData,
    () => seen,
    place,
    () => undefined,
  );
}

function reported(): unknown[] {
  return browser.asked.map(({ body }) => body.ranges_ms);
}

test("ledger: what a report grew by after the server had read it goes with the page", async () => {
  const ledger = ledgerOf();
  browser.answers = (asked) => {
    if (browser.asked.length === 1) {
      // Played on while it is on its way.
      queueMicrotask(() => {
        seen = [[0, 9000]];
        ledger.report();
      });
    }
    return {
      status: 200,
      body: { session_id: 7, position_ms: 0, credited_ms: asked.body.ranges_ms, state: "pending" },
    };
  };
  seen = [[0, 5000]];
  ledger.report();
  await browser.settle();
  assert.deepEqual(reported(), [[[0, 5000]]], "one id is credited once");
  assert.deepEqual(ledger.owed(), [[5000, 9000]]);
  ledger.leave();
  await browser.settle();
  assert.deepEqual(reported().slice(1), [[[5000, 9000]]]);
});
