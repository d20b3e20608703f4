/** What the page of a meeting says of it: the cover over the pictures, the keys, the line of its state. */
import { clock } from "../lib/clock";
import { byId, optional, write } from "../lib/page";
import type { MeetingWords } from "../lib/sentences";
import { fill } from "../lib/words";
import { isOver } from "../room/page";
import type { ClosedWhy, Line, RoomLine } from "../room/socket";
import { Hearing } from "./hearing";
import type { MeetingData } from "./page";
import type { Sending } from "./sending";

export type Word = keyof MeetingWords & string;

/** How the meeting stands for this page; moments in the server's milliseconds. */
export interface Standing {
  state: string;
  isLive: boolean;
  line: Line;
  why: ClosedWhy | undefined;
  door: RoomLine["door"];
  /** The time here is being recorded. */
  isHere: boolean;
  /** How many sit in it, whether any of the others sends something, and how many pictures are shown. */
  here: number;
  isSent: boolean;
  seen: number;
  now: number;
  liveAt: number | null;
  undoneUntil: number;
  isHandUp: boolean;
  hasFloor: boolean;
  /** What became of the last command. */
  said: Word | "";
}

const CLOSED: Record<ClosedWhy, Word> = {
  removed: "other_place",
  rights: "no_right",
  signed_out: "signed_out",
  cancelled: "cancelled",
  left: "left",
  elsewhere: "elsewhere",
};

const OVER: Record<string, Word> = { void: "void", not_held: "not_held" };
const KEYS: Record<"mic" | "cam", [Word, Word]> = { mic: ["mic_open", "mic_close"], cam: ["cam_open", "cam_close"] };

export class Surface {
  private readonly words: MeetingWords;

  constructor(
    private readonly data: MeetingData,
    private readonly sending: Sending,
    private readonly hearing: Hearing,
  ) {
    this.words = data.words;
  }

  show(now: Standing): void {
    this.showCover(now);
    this.showKeys(now);
    if (optional("begin")) this.showLeading(now);
    const word = this.status(now);
    const status = byId("status");
    write(status, word ? fill(this.words, word) : "");
    status.classList.toggle("off", now.line !== "good" || this.sending.problem !== "" || word === "floor");
    write(byId("people-tab"), now.here > 0 ? fill(this.words, "here", { n: now.here }) : fill(this.words, "everybody"));
    byId("seats-box").hidden = now.here === 0;
    document.body.classList.toggle("meeting-waits", now.line === "locked");
  }

  private cover({ state, isLive, line, why, door, here, isSent, seen, now }: Standing): Word | "" {
    if (line === "closed") return why ? CLOSED[why] : "";
    if (line === "locked") return door;
    if (isOver(state)) return OVER[state] ?? "ended";
    if (!isLive && this.data.host && now < this.data.opens_at) return "too_early";
    if (!isLive) return "before";
    if (!Hearing.can()) return "media_never";
    if (isSent && this.hearing.isTroubled() && line === "good") return "media_off";
    if (here === 0 && line !== "good") return ""; // not in yet: who is here is not known
    if (here < 2) return "alone";
    return seen === 0 ? "nobody_seen" : "";
  }

  private showCover(now: Standing): void {
    const { state, isLive, line, seen, liveAt } = now;
    const word = this.cover(now);
    byId("cover").hidden = word === "" || (seen > 0 && isLive && word !== "media_never");
    write(byId("cover-text"), word ? fill(this.words, word) : "");
    byId("tap").hidden = !(isLive && this.hearing.isBlocked);
    byId("live-mark").hidden = !isLive;
    if (isLive && liveAt) write(byId("live-time"), fill(this.words, "live_for", { time: clock(now.now - liveAt) }));
    byId("signin-step").hidden = now.why !== "signed_out";
    byId("book-step").hidden = !isOver(state);
    byId("today-step").hidden = now.line !== "closed";
    byId("cover-when").hidden = line === "closed" || state !== "scheduled";
    document.body.classList.toggle("room-over", isOver(state));
    // Nobody is seen: the names have the room that pictures would have.
    document.body.classList.toggle("meeting-unseen", isLive && seen === 0);
  }

  private showKeys({ isLive, line }: Standing): void {
    const isUp = isLive && line !== "locked";
    for (const kind of ["mic", "cam"] as const) {
      const button = byId<HTMLButtonElement>(kind);
      const on = this.sending.isOn(kind);
      button.disabled = !isUp;
      button.classList.toggle("on", on);
      button.setAttribute("aria-pressed", String(on));
      write(button, fill(this.words, KEYS[kind][Number(on)] ?? KEYS[kind][0]));
    }
    byId<HTMLButtonElement>("hand").disabled = !isUp;
  }

  /** The keys of who leads it. */
  private showLeading({ state, isLive, line, now, undoneUntil }: Standing): void {
    const isIn = line === "good";
    byId("begin").hidden = state !== "scheduled" || !isIn || now < this.data.opens_at;
    byId("end").hidden = !isLive;
    byId("record-switch").hidden = !isLive;
    const left = isOver(state) ? Math.ceil((undoneUntil - now) / 60_000) : 0;
    byId("resume-meeting").hidden = left <= 0 || !isIn;
    write(byId("resume-meeting"), fill(this.words, "resume", { m: left }));
    byId("leading").hidden = isOver(state) || line === "closed";
  }

  private status({ state, line, said, hasFloor, isHandUp, isHere }: Standing): Word | "" {
    if (said) return said;
    if (line === "closed" || line === "locked") return "";
    if (line !== "good") return line;
    if (isOver(state)) return "";
    const { problem } = this.sending;
    if (problem) return problem === "no_microphone" ? "no_device" : problem;
    if (state === "live" && hasFloor) return "floor";
    if (isHandUp) return "hand_up";
    if (!this.data.counted) return "good_uncounted";
    if (state !== "live") return "waiting_room";
    return isHere ? "good" : "connecting";
  }
}
