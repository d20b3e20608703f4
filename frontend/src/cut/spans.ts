/** What is left of a film, and what is written of what is taken out. Knows no DOM. */

/** Start and end, in ms. */
export type Span = [number, number];

/** Where to go on while only `spans` are played: `at` itself inside of one, the next beginning, or null at the end. */
export function playsOn(at: number, spans: Span[]): number | null {
  const next = spans.find(([, end]) => at < end);
  return next ? Math.max(at, next[0]) : null;
}

/** The text of what is taken out, with one more that begins here; an unfinished one begins here instead. */
export function begun(text: string, here: string): string {
  const lines = text.split("\n").filter((line) => line.trim() && !/-\s*$/.test(line));
  return [...lines, `${here}-`].join("\n");
}

/** The text with the unfinished one ended here; null where none is begun. */
export function ended(text: string, here: string): string | null {
  const lines = text.split("\n").filter((line) => line.trim());
  const last = lines.pop();
  return last && /-\s*$/.test(last) ? [...lines, last.trim() + here].join("\n") : null;
}
