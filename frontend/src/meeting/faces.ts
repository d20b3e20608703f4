/** Whose pictures are on the page, and the names of those who are heard without one. */
import type { Command, Sitting } from "../lib/frames";
import { byId, write } from "../lib/page";
import type { MeetingWords } from "../lib/sentences";
import { fill } from "../lib/words";
import type { Hearing } from "./hearing";
import { bitrate, MOST_ON_DESK, MOST_ON_PHONE, pictures } from "./order";
import type { Sending } from "./sending";
import { type Tile, Tiles } from "./tiles";

const RECENT_MS = 1500;
const WIDE = 900;

export class Faces {
  private readonly tiles: Tiles;
  private shown: number[] = [];
  private asked = "";

  constructor(
    private readonly words: MeetingWords,
    private readonly you: number,
    private readonly sending: Sending,
    private readonly hearing: Hearing,
    private readonly send: (command: Command) => boolean,
  ) {
    this.tiles = new Tiles(words);
  }

  /** A new socket: what was asked for on the old one is asked for again. */
  joined(): void {
    this.asked = "";
  }

  /** Of those who sit in it; `isUp`: others can be asked for. Returns how many pictures are on the page. */
  show(seats: Sitting[], isUp: boolean): number {
    const { you } = this;
    const isWide = window.innerWidth >= WIDE;
    const most = (isWide ? MOST_ON_DESK : MOST_ON_PHONE) - Number(this.sending.isOn("cam"));
    this.shown = pictures({ seats, you, shown: this.shown, heard: this.hearing.heard, most });
    if (isUp) this.see();
    const of = new Map(seats.map((one) => [one.member, one]));
    const members = [...(of.has(you) && this.sending.camera ? [you] : []), ...this.shown];
    const seen = members.map((member) => of.get(member)).filter((one): one is Sitting => one !== undefined);
    const voices = seats.filter((one) => one.mic && !members.includes(one.member)).map((one) => this.tile(one));
    // Who has the floor is not cut off, whoever is heard.
    const rank = (one: Tile): number => Number(one.seat.floor) * 2 + Number(one.isHeard);
    voices.sort((a, b) => rank(b) - rank(a));
    this.tiles.show(
      seen.map((one) => this.tile(one)),
      voices,
      isWide,
    );
    void this.sending.limit(bitrate(seats.filter((one) => one.cam).length));
    const hidden = seats.filter((one) => one.cam && one.member !== you).length - this.shown.length;
    write(byId("more"), hidden > 0 ? fill(this.words, "more", { n: hidden }) : "");
    return seen.length;
  }

  private tile(seat: Sitting): Tile {
    const isOwn = seat.member === this.you;
    const at = this.hearing.heard.get(seat.member) ?? Number.NEGATIVE_INFINITY;
    return {
      seat,
      isOwn,
      isHeard: seat.mic && performance.now() - at < RECENT_MS,
      track: isOwn ? this.sending.camera : (this.hearing.pictures.get(seat.member) ?? null),
    };
  }

  private see(): void {
    const asked = this.shown.join();
    if (asked !== this.asked && this.send({ t: "see", members: this.shown })) this.asked = asked;
  }
}
