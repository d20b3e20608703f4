/** What is said of each thing that was tried, and of all together. Knows no DOM. */
import type { DeviceProblem } from "../host/devices";
import type { Way } from "../lib/hls";
import type { CheckWords } from "../lib/sentences";

/** `ask`: only the person knows. */
export type Grade = "good" | "fair" | "bad" | "ask";
export type Word = keyof CheckWords & string;

export interface Verdict {
  grade: Grade;
  word: Word;
}

/** What a room sends: the picture at most at 800 kbit/s and the sound beside it, with something to spare. */
export const PICTURE_KBPS = 1000;
/** The sound alone, with something to spare. */
export const SOUND_KBPS = 100;
/** Of 0 to 1; a quiet room stays below. */
export const HEARD_LEVEL = 0.06;

/** How the sample went: `blocked`: the browser wants a tap for it; `line`: it did not come. */
export type Played = "moved" | "still" | "blocked" | "line";

export function judgePicture(way: Way, played: Played): Verdict {
  if (way === "none") return { grade: "bad", word: "picture_none" };
  if (played === "blocked") return { grade: "ask", word: "picture_tap" };
  if (played === "line") return { grade: "bad", word: "picture_line" };
  if (played === "still") return { grade: "bad", word: "picture_stuck" };
  return way === "sound" ? { grade: "fair", word: "picture_sound" } : { grade: "good", word: "picture_good" };
}

/** `heard`: what the person says; null before. Where nothing played there is nothing to ask. */
export function judgeSound(played: Played, heard: boolean | null): Verdict {
  if (played !== "moved") return { grade: played === "blocked" ? "ask" : "bad", word: "sound_none" };
  if (heard === null) return { grade: "ask", word: "sound_ask" };
  return heard ? { grade: "good", word: "sound_good" } : { grade: "bad", word: "sound_bad" };
}

/** Kilobits a second, of `bytes` that came within `ms`. */
export function speed(bytes: number, ms: number): number {
  return (bytes * 8) / Math.max(ms, 1);
}

/** `kbps` null: the file did not come. */
export function judgeLine(kbps: number | null): Verdict {
  if (kbps === null) return { grade: "bad", word: "line_none" };
  if (kbps >= PICTURE_KBPS) return { grade: "good", word: "line_good" };
  return kbps >= SOUND_KBPS ? { grade: "fair", word: "line_fair" } : { grade: "bad", word: "line_bad" };
}

/** What a connection that was begun for trial found. */
export interface Found {
  /** This browser can receive and send. */
  able: boolean;
  /** Whether the site has relays; null: it could not be asked. */
  relays: boolean | null;
  /** A way by UDP: to a relay where there is one, else out of this phone at all. */
  udp: boolean;
  /** A way to a relay by something else. */
  other: boolean;
}

/** Nothing of it is bad: the room changes to HLS by itself. */
export function judgeWay({ able, relays, udp, other }: Found): Verdict {
  if (!able) return { grade: "fair", word: "way_old" };
  if (relays === null) return { grade: "fair", word: "way_unknown" };
  if (udp) return { grade: "good", word: relays ? "way_good" : "way_able" };
  return { grade: "fair", word: other ? "way_relayed" : "way_shut" };
}

/** Whether an address of the site's relays is reached by UDP: so where it does not say otherwise. */
export function isByUdp(url: string): boolean {
  return url.indexOf("turn:") === 0 && !/[?&]transport=(?!udp)/.test(url);
}

/** The same relays in two lists: those reached by UDP, and the others. A list of none is left out. */
export function split(relays: RTCIceServer[]): { udp: RTCIceServer[]; other: RTCIceServer[] } {
  const of = (wanted: boolean): RTCIceServer[] =>
    relays
      .map((one) => ({ ...one, urls: ([] as string[]).concat(one.urls).filter((url) => isByUdp(url) === wanted) }))
      .filter((one) => one.urls.length > 0);
  return { udp: of(true), other: of(false) };
}

export function judgeSocket(opened: boolean): Verdict {
  return opened ? { grade: "good", word: "socket_good" } : { grade: "bad", word: "socket_bad" };
}

const MIC: Record<DeviceProblem, Word> = {
  insecure: "mic_insecure",
  unsupported: "mic_unsupported",
  denied: "mic_denied",
  no_device: "mic_missing",
  no_microphone: "mic_missing",
  device_busy: "mic_busy",
};

/** What `tryMicrophone` found. Nobody needs it to look and listen. */
export function judgeMicrophone(found: number | null | DeviceProblem): Verdict {
  if (found === null) return { grade: "fair", word: "mic_unmeasured" };
  if (typeof found !== "number") return { grade: "fair", word: MIC[found] };
  return found >= HEARD_LEVEL ? { grade: "good", word: "mic_good" } : { grade: "fair", word: "mic_quiet" };
}

/** The sentence above all, and the number that it names. `expected`: how many verdicts there will be. */
export function summary(verdicts: Verdict[], expected: number): { word: Word; n: number } {
  const count = (grade: Grade): number => verdicts.filter((one) => one.grade === grade).length;
  if (verdicts.length < expected) return { word: "sum_running", n: 0 };
  if (count("bad")) return { word: "sum_bad", n: count("bad") };
  if (count("ask")) return { word: "sum_ask", n: 0 };
  return count("fair") ? { word: "sum_fair", n: count("fair") } : { word: "sum_good", n: 0 };
}
