/**
 * What the phone has still to tell the server. An entry stays until the server has acknowledged it (answered after its
 * COMMIT) or refused it for good, is resent with the same id, and is given up after 24 hours.
 * Kept in localStorage, for a page that is being left can write nothing else: IndexedDB's transactions and keepalive
 * requests are both lost with it now and then. Where storage is refused, in memory until the page is left.
 */
import { doubled, jittered } from "./backoff";
import { isOnline, onConnection } from "./connection";
import { randomId } from "./device";
import { HttpError, send } from "./http";
import { isServed, nowServed, PREFIX, waitingKeys } from "./waiting";

export interface Entry {
  /** Made on the phone; the server counts it once however often it comes. */
  id: string;
  url: string;
  body: Record<string, unknown>;
  /** Whose it is: a phone that changes hands must not send one person's record as another's. */
  owner: string;
  createdAt: number;
  tries: number;
  nextAt: number;
  /** How long it is kept, where a day is too short. */
  keptMs?: number;
  /** Of an island beside the one that sends everything: that one leaves it alone, and so its answer is heard. */
  island?: string;
}

export interface Store {
  put(entry: Entry): void;
  remove(id: string): void;
  all(): Entry[];
}

export interface OutboxOptions {
  owner: string;
  store?: Store;
  /** Sends nothing but what it was given under this name, on this page or an earlier one. */
  island?: string;
  onAcknowledged?: (entry: Entry, answer: unknown) => void;
  onRefused?: (entry: Entry, error: HttpError) => void;
  /** The entry stays, and goes when the person has signed in again. */
  onSignedOut?: (error: HttpError) => void;
}

export const KEPT_MS = 24 * 3600 * 1000;
const FIRST_WAIT_MS = 2000;
// Coming back is an event; this is for browsers that forget to send it.
const OFFLINE_WAIT_MS = 15_000;
const LONGEST_WAIT_MS = 5 * 60 * 1000;
const POSTED_AT_ONCE = 200;

export function memoryStore(): Store {
  const entries = new Map<string, Entry>();
  return {
    put: (entry) => {
      entries.set(entry.id, { ...entry });
    },
    remove: (id) => {
      entries.delete(id);
    },
    all: () => Array.from(entries.values()),
  };
}

function read(key: string): Entry | null {
  try {
    return JSON.parse(window.localStorage.getItem(key) ?? "null") as Entry | null;
  } catch {
    return null;
  }
}

/** An item an entry, so that two tabs never write over each other; memory for what the phone will not keep. */
export function phoneStore(): Store {
  const kept = memoryStore();
  return {
    put: (entry) => {
      try {
        window.localStorage.setItem(PREFIX + entry.id, JSON.stringify(entry));
        kept.remove(entry.id);
      } catch {
        kept.put(entry);
      }
    },
    remove: (id) => {
      kept.remove(id);
      try {
        window.localStorage.removeItem(PREFIX + id);
      } catch {
        // It was never there.
      }
    },
    all: () => kept.all().concat(stored()),
  };
}

/** Is this entry in the phone's own storage? */
export function isStored(id: string): boolean {
  return read(PREFIX + id) !== null;
}

function stored(): Entry[] {
  try {
    return waitingKeys()
      .map(read)
      .filter((entry): entry is Entry => Boolean(entry?.id && entry.url && entry.body));
  } catch {
    return [];
  }
}

/** How long to wait before try number `tries` (1 is the first repetition), with jitter. */
export function waitBefore(tries: number): number {
  return jittered(doubled(tries - 1, { first: FIRST_WAIT_MS, longest: LONGEST_WAIT_MS }), 0.25);
}

export class Outbox {
  private readonly store: Store;
  private timer = 0;
  private sending: Promise<void> | null = null;
  private again: "" | "due" | "now" = "";

  constructor(private readonly options: OutboxOptions) {
    this.store = options.store ?? phoneStore();
    nowServed(options.island);
    onConnection((online) => {
      if (online) void this.flush(true);
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") void this.flush();
    });
    void this.flush();
  }

  /** Keep, then send. It is kept when this returns its id; the acknowledgement comes later. */
  add(url: string, body: Record<string, unknown>, id: string = randomId(), keptMs: number = KEPT_MS): string {
    this.keep(url, body, id, keptMs);
    void this.flush();
    return id;
  }

  /** The page is going: keep, and send in the same breath, whatever else is on its way. */
  addLast(url: string, body: Record<string, unknown>, id: string): void {
    const entry = this.keep(url, body, id);
    send(url, entry.body, { keepalive: true }).then(
      () => this.store.remove(id),
      () => undefined,
    );
  }

  /** Another entry says the same and more. */
  forget(id: string): void {
    this.store.remove(id);
  }

  /** Does this entry still wait? */
  has(id: string): boolean {
    return this.mine().some((entry) => entry.id === id);
  }

  /** Would it outlive the page, or has it been sent already? */
  isKept(id: string): boolean {
    return !this.has(id) || isStored(id);
  }

  /** How many entries of this person wait. */
  waiting(): number {
    return this.mine().length;
  }

  /** Send what is due, oldest first; everything at once when `now`. One run at a time. */
  flush(now = false): Promise<void> {
    if (this.sending) {
      this.again = now ? "now" : this.again || "due";
      return this.sending;
    }
    this.sending = this.run(now).then(() => {
      this.sending = null;
      const { again } = this;
      this.again = "";
      return again ? this.flush(again === "now") : this.schedule();
    });
    return this.sending;
  }

  private keep(url: string, body: Record<string, unknown>, id: string, keptMs: number = KEPT_MS): Entry {
    const now = Date.now();
    const { island, owner } = this.options;
    const entry: Entry = { id, url, body: { ...body, id }, owner, createdAt: now, tries: 0, nextAt: now, keptMs };
    if (island) entry.island = island;
    this.store.put(entry);
    return entry;
  }

  private mine(): Entry[] {
    return this.store
      .all()
      .filter((entry) => entry.owner === this.options.owner && this.sends(entry))
      .sort((a, b) => a.createdAt - b.createdAt);
  }

  private sends({ island }: Entry): boolean {
    return island === this.options.island || (!this.options.island && !isServed(island));
  }

  private async run(now: boolean): Promise<void> {
    const start = Date.now();
    for (const entry of this.mine().slice(0, POSTED_AT_ONCE)) {
      if (start - entry.createdAt > (entry.keptMs ?? KEPT_MS)) {
        this.store.remove(entry.id);
      } else if (isOnline() && (now || entry.nextAt <= start) && !(await this.post(entry))) {
        break; // The line is down: the others would fail too.
      }
    }
  }

  /** Returns whether the server answered. */
  private async post(entry: Entry): Promise<boolean> {
    try {
      const answer = await send<unknown>(entry.url, entry.body, { keepalive: true });
      this.store.remove(entry.id);
      this.options.onAcknowledged?.(entry, answer);
      return true;
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      // Signed out is not refused, nor is another person signed in on this page: it goes when its own is back.
      if (error.lasting && error.status !== 401 && error.status !== 403 && error.code !== "not_yours") {
        this.store.remove(entry.id);
        this.options.onRefused?.(entry, error);
        return true;
      }
      this.postpone(entry.id, error.retryAfterMs);
      if (error.status === 401) this.options.onSignedOut?.(error);
      return error.status !== 0;
    }
  }

  /** It may have grown, or have been forgotten, while it was on its way. */
  private postpone(id: string, leastMs: number): void {
    const entry = this.mine().find((other) => other.id === id);
    if (!entry) return;
    const tries = entry.tries + 1;
    this.store.put({ ...entry, tries, nextAt: Date.now() + Math.max(leastMs, waitBefore(tries)) });
  }

  private schedule(): void {
    window.clearTimeout(this.timer);
    const entries = this.mine();
    if (entries.length === 0) return;
    const next = Math.min(...entries.map((entry) => entry.nextAt));
    const least = isOnline() ? 500 : OFFLINE_WAIT_MS;
    this.timer = window.setTimeout(() => void this.flush(), Math.max(least, next - Date.now()));
  }
}
