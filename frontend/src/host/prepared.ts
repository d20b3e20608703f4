/** Captions prepared before the lecture: a text in sentences, none longer than two lines of a phone. Knows no DOM. */

const MOST = 40;
const MOST_LINES = 5000;
const PAUSES = "，。！？；：、…,.!?;:)）》”";
/** A sentence with its mark and what closes behind it. */
const SENTENCE = /[^。！？；…]*[。！？；…]+[”’」』）》)]*|[^。！？；…]+/g;
const TIMES = /-->/;
const TAG = /<[^<>]*>|\{\\[^{}]*\}/g;

/** In parts of at most 40 characters, as the server does it (live/core/captions.py). */
export function partLine(text: string): string[] {
  const parts: string[] = [];
  let rest = text.trim();
  while (rest.length > MOST) {
    const head = rest.slice(0, MOST);
    const pause = Math.max(...Array.from(PAUSES, (mark) => head.lastIndexOf(mark)));
    const space = rest.slice(0, MOST + 1).lastIndexOf(" ");
    const at = pause > 0 ? pause + 1 : space > 0 ? space : MOST;
    parts.push(rest.slice(0, at).trim());
    rest = rest.slice(at).trim();
  }
  return parts.concat(rest).filter(Boolean);
}

/** The sentences of a plain text, or of a .srt or .vtt file without its numbers and times. */
export function preparedLines(text: string): string[] {
  const lines = text
    .replace(/^\ufeff/, "")
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim());
  const isTimed = lines.some((line) => TIMES.test(line));
  const found: string[] = [];
  lines.forEach((line, place) => {
    if (isTimed && place === 0 && line.indexOf("WEBVTT") === 0) return;
    // A number or a name above the time is no word of the lecture.
    if (isTimed && (TIMES.test(line) || TIMES.test(lines[place + 1] ?? ""))) return;
    const words = isTimed ? line.replace(TAG, "") : line;
    for (const sentence of words.match(SENTENCE) ?? []) found.push(...partLine(sentence));
  });
  return found.slice(0, MOST_LINES);
}

/** UTF-8, else GBK; null: no text. */
export function readText(bytes: ArrayBuffer): string | null {
  for (const name of ["utf-8", "gb18030"]) {
    try {
      const text = new TextDecoder(name, { fatal: true }).decode(bytes);
      if (text.indexOf("\0") < 0) return text;
    } catch {
      // Another encoding, or one that this browser does not know.
    }
  }
  return null;
}
