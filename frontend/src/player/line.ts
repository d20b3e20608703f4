/** Is it the line, or an answer that refuses? What is tried again, and for how long. */
import type { LoaderResponse, LoadPolicy } from "hls.js";

const SERVER_TRIES = 8;

/** `code`: the status of an answer, 0 for none; `count`: how often it was tried. A server that goes on failing is none. */
export function isLine(code: number, count = 0): boolean {
  return code === 0 || (code >= 500 && count < SERVER_TRIES);
}

/** Try again for as long as the line is away; an answer that refuses is no line. */
export function patient(maxTimeToFirstByteMs: number): LoadPolicy {
  const again = {
    maxNumRetry: SERVER_TRIES,
    retryDelayMs: 1000,
    maxRetryDelayMs: 4000,
    shouldRetry: (_config: unknown, count: number, isTimeout: boolean, answer: LoaderResponse | undefined) =>
      isTimeout || isLine(answer?.code ?? 0, count),
  };
  return { default: { maxTimeToFirstByteMs, maxLoadTimeMs: 45_000, timeoutRetry: again, errorRetry: again } };
}

/** The address of the piece of a media list at that second; of a list of lists, of its first one. */
export function pieceAt(list: string, url: string, second: number): { url: string; isList: boolean } {
  const lines = list.split("\n").map((line) => line.trim());
  const names = lines.filter((line) => line && line[0] !== "#");
  if (lines.some((line) => line.indexOf("#EXT-X-STREAM-INF") === 0)) {
    return { url: new URL(names[0] ?? "", url).href, isList: true };
  }
  const lengths = lines
    .filter((line) => line.indexOf("#EXTINF:") === 0)
    .map((line) => Number.parseFloat(line.slice(8)));
  let [index, end] = [0, lengths[0] ?? 0];
  while (end <= second && index < names.length - 1) {
    index += 1;
    end += lengths[index] ?? 0;
  }
  return { url: new URL(names[index] ?? "", url).href, isList: false };
}

/** Fetch a little of the piece of an HLS list at that second; returns the first status that refuses, or 200. */
export async function fetched(url: string, second: number): Promise<number> {
  const answer = await fetch(url, { credentials: "same-origin" });
  if (!answer.ok) return answer.status;
  const piece = pieceAt(await answer.text(), url, second);
  if (piece.isList) return fetched(piece.url, second);
  return (await fetch(piece.url, { credentials: "same-origin", headers: { Range: "bytes=0-99" } })).status;
}
