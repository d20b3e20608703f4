/** Where the answers to kept quizzes lie in localStorage, one entry an attempt of a person; apart, for the shell is small. */

export const SHEETS = "sheet:";

export function sheetKey(owner: string, attempt: number): string {
  return `${SHEETS}${owner}:${attempt}`;
}

/** Delete the answers of everybody but `owner` ("": of everybody). What still waits to be sent is the outbox's. */
export function keepOnlySheetsOf(owner: string): void {
  try {
    const others = Object.keys(window.localStorage).filter(
      (key) => key.indexOf(SHEETS) === 0 && !(owner && key.indexOf(`${SHEETS}${owner}:`) === 0),
    );
    for (const key of others) window.localStorage.removeItem(key);
  } catch {
    // Storage is refused: nothing lies there.
  }
}
