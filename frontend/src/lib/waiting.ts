/** Where the outbox keeps its entries, and whether anybody on this page sends them; apart, so that the shell stays small. */

export const PREFIX = "outbox:";

/** The keys under which entries wait. Throws where storage is refused. */
export function waitingKeys(): string[] {
  return Object.keys(window.localStorage).filter((key) => key.indexOf(PREFIX) === 0);
}

export function hasWaiting(): boolean {
  try {
    return waitingKeys().length > 0;
  } catch {
    return false;
  }
}

/** Does an outbox of this page send already? */
export function isServed(): boolean {
  return document.documentElement.dataset.outbox === "1";
}

export function nowServed(): void {
  document.documentElement.dataset.outbox = "1";
}
