/** Where the outbox keeps its entries, and whether anybody on this page sends them; apart, so that the shell stays small. */

export const PREFIX = "outbox:";

/** The keys under which entries wait. Throws where storage is refused. */
export function waitingKeys(): string[] {
  return Object.keys(window.localStorage).filter((key) => key.indexOf(PREFIX) === 0);
}

/** Does something wait; of this owner alone, where one is named? */
export function hasWaiting(owner = ""): boolean {
  try {
    return waitingKeys().some((key) => {
      const entry = JSON.parse(window.localStorage.getItem(key) ?? "null") as { owner?: string } | null;
      return entry !== null && (!owner || entry.owner === owner);
    });
  } catch {
    return false;
  }
}

/** Does an outbox of this page send already; that of this island, where one is named? */
export function isServed(island = ""): boolean {
  return document.documentElement.dataset[`outbox${island}`] === "1";
}

export function nowServed(island = ""): void {
  document.documentElement.dataset[`outbox${island}`] = "1";
}
