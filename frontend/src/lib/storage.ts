/** What the browser remembers, or does not: storage may be refused or full, and no page may fail of it. */

export function recall<T>(storage: "localStorage" | "sessionStorage", key: string, otherwise: T): T {
  try {
    return (JSON.parse(window[storage].getItem(key) || "null") as T | null) ?? otherwise;
  } catch {
    return otherwise;
  }
}

/** `null` forgets. */
export function remember(storage: "localStorage" | "sessionStorage", key: string, value: unknown): void {
  try {
    if (value === null) window[storage].removeItem(key);
    else window[storage].setItem(key, JSON.stringify(value));
  } catch {
    // It is known for as long as the page is open.
  }
}
