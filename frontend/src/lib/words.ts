/** Sentences come translated from the server; here they are filled in. Which there are: sentences.ts, made from Python. */

/** `{n}` becomes the value of that name. A key that the server does not give fails the build. */
export function fill<W extends object>(
  words: W,
  key: keyof W & string,
  values: Record<string, string | number> = {},
): string {
  return String(words[key] ?? "").replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

/** The word itself, if it is one of those; what comes over the wire may be anything. */
export function oneOf<K extends string>(keys: readonly K[], word: string): K | undefined {
  return keys.find((key) => key === word);
}
