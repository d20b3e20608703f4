/**
 * What the phone has still to tell the server. An entry stays until the server has acknowledged it (answered after its
 * COMMIT) or refused it for good, is resent with the same id, and is given up after 24 hours.
 * Kept in IndexedDB; where that is missing or refused (private mode, some WebViews) in memory, until the page is left.
 */
import { isOnline, onConnection } from "./connection";
import { randomId } from "./device";
import { HttpError, send } from "./http";

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
}

export interface Store {
  put(entry: Entry): Promise<void>;
  remove(id: string): Promise<void>;
  all(): Promise<Entry[]>;
}

export interface OutboxOptions {
  owner: string;
  store?: Store;
  onAcknowledged?: (entry: Entry, answer: unknown) => void;
  onRefused?: (entry: Entry, error: HttpError) => void;
}

export const KEPT_MS = 24 * 3600 * 1000;
const DATABASE = "fingertip";
const TABLE = "outbox";
const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 5 * 60 * 1000;
const POSTED_AT_ONCE = 200;

export function memoryStore(): Store {
  const entries = new Map<string, Entry>();
  return {
    put: async (entry) => {
      entries.set(entry.id, { ...entry });
    },
    remove: async (id) => {
      entries.delete(id);
    },
    all: async () => Array.from(entries.values()),
  };
}

function asked<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function finished(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error);
  });
}

async function openDatabase(): Promise<IDBDatabase> {
  const request = window.indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(TABLE, { keyPath: "id" });
  };
  return asked(request);
}

/** IndexedDB, or memory as soon as IndexedDB says no. */
export async function openStore(): Promise<Store> {
  let database: IDBDatabase;
  try {
    database = await openDatabase();
  } catch {
    return memoryStore();
  }
  const write = (act: (table: IDBObjectStore) => void): Promise<void> => {
    const transaction = database.transaction(TABLE, "readwrite");
    act(transaction.objectStore(TABLE));
    return finished(transaction);
  };
  return {
    put: (entry) => write((table) => table.put(entry)),
    remove: (id) => write((table) => table.delete(id)),
    all: () => asked<Entry[]>(database.transaction(TABLE, "readonly").objectStore(TABLE).getAll()),
  };
}

/** How long to wait before try number `tries` (1 is the first repetition), with jitter. */
export function waitBefore(tries: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(tries - 1, 10)) * (0.75 + Math.random() / 2);
}

export class Outbox {
  private readonly store: Promise<Store>;
  private readonly kept = memoryStore();
  private timer = 0;
  private sending: Promise<void> | null = null;
  private again = false;

  constructor(private readonly options: OutboxOptions) {
    this.store = options.store ? Promise.resolve(options.store) : openStore();
    onConnection((online) => {
      if (online) void this.flush(true);
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") void this.flush();
    });
    void this.flush();
  }

  /** Keep, then send. Resolves with the id once it is kept, not once it is acknowledged. */
  async add(url: string, body: Record<string, unknown>, id: string = randomId()): Promise<string> {
    const now = Date.now();
    const entry: Entry = {
      id,
      url,
      body: { ...body, id },
      owner: this.options.owner,
      createdAt: now,
      tries: 0,
      nextAt: now,
    };
    try {
      await (await this.store).put(entry);
    } catch {
      // A full or revoked store: better in memory than lost.
      await this.kept.put(entry);
    }
    void this.flush();
    return id;
  }

  /** How many entries of this person wait. */
  async waiting(): Promise<number> {
    return (await this.mine()).length;
  }

  /** Send what is due, oldest first; everything at once when `now`. One run at a time. */
  flush(now = false): Promise<void> {
    if (this.sending) {
      this.again = true;
      return this.sending;
    }
    this.sending = this.run(now).then(() => {
      this.sending = null;
      if (this.again) {
        this.again = false;
        return this.flush();
      }
      return this.schedule();
    });
    return this.sending;
  }

  private async mine(): Promise<Entry[]> {
    let stored: Entry[] = [];
    try {
      stored = await (await this.store).all();
    } catch {
      // Unreadable now; what is in memory can still go.
    }
    return stored
      .concat(await this.kept.all())
      .filter((entry) => entry.owner === this.options.owner)
      .sort((a, b) => a.createdAt - b.createdAt);
  }

  private async drop(entry: Entry): Promise<void> {
    await this.kept.remove(entry.id);
    try {
      await (await this.store).remove(entry.id);
    } catch {
      // It will be sent again with the same id, and counted once.
    }
  }

  private async run(now: boolean): Promise<void> {
    const start = Date.now();
    for (const entry of (await this.mine()).slice(0, POSTED_AT_ONCE)) {
      if (start - entry.createdAt > KEPT_MS) {
        await this.drop(entry);
      } else if (isOnline() && (now || entry.nextAt <= start) && !(await this.post(entry))) {
        break; // The line is down: the others would fail too.
      }
    }
  }

  /** Returns whether the server answered. */
  private async post(entry: Entry): Promise<boolean> {
    try {
      const answer = await send<unknown>(entry.url, entry.body, { keepalive: true });
      await this.drop(entry);
      this.options.onAcknowledged?.(entry, answer);
      return true;
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      // Signed out is not refused: it goes when the person is back.
      if (error.lasting && error.status !== 401 && error.status !== 403) {
        await this.drop(entry);
        this.options.onRefused?.(entry, error);
        return true;
      }
      const tries = entry.tries + 1;
      await this.keep({ ...entry, tries, nextAt: Date.now() + Math.max(error.retryAfterMs, waitBefore(tries)) });
      return error.status !== 0;
    }
  }

  private async keep(entry: Entry): Promise<void> {
    try {
      await (await this.store).put(entry);
    } catch {
      await this.kept.put(entry);
    }
  }

  private async schedule(): Promise<void> {
    window.clearTimeout(this.timer);
    const entries = await this.mine();
    if (entries.length === 0) return;
    const next = Math.min(...entries.map((entry) => entry.nextAt));
    this.timer = window.setTimeout(() => void this.flush(), Math.max(500, next - Date.now()));
  }
}
