/** How the page asks what stands in the room, and what of an answer is older than what the socket has said meanwhile. */
import { Look } from "../lib/latest";
import type { PageEvent } from "./feed";
import type { RoomState } from "./page";

/** What an event tells whole or a phone can do without: of an older answer this part alone is left out. */
export type Part = "slide" | "speakers" | "captions" | "talk";

const PARTS: Partial<Record<PageEvent["t"], Part>> = {
  slide: "slide",
  speakers: "speakers",
  captions: "captions",
  caption_dropped: "captions",
  room: "talk",
};
/** After these an older answer is worth nothing: they begin and end the picture, and are rare. */
const WHOLE: PageEvent["t"][] = ["state", "break", "poll", "pinned"];

export interface Answer {
  state: RoomState;
  /** This part was told by another way since the question. */
  isOld(part: Part): boolean;
}

export class Standing {
  private readonly look: Look<Answer>;
  /** How often each part was told by another way. */
  private readonly told: Record<Part, number> = { slide: 0, speakers: 0, captions: 0, talk: 0 };

  constructor(
    private readonly get: () => Promise<RoomState>,
    take: (answer: Answer) => void,
  ) {
    this.look = new Look(() => this.ask(), take);
  }

  /** The socket is open, and has said the most of it. */
  joined(): void {
    this.look.changed();
  }

  event({ t }: PageEvent): void {
    const part = PARTS[t];
    if (part) this.heard(part);
    else if (WHOLE.includes(t)) this.look.changed();
  }

  heard(part: Part): void {
    this.told[part] += 1;
  }

  /** A hole in the sequence, or a return: one GET tells what was missed. */
  catchUp(): Promise<void> {
    return this.look.catchUp();
  }

  private async ask(): Promise<Answer> {
    const before = { ...this.told };
    const state = await this.get();
    return { state, isOld: (part) => this.told[part] !== before[part] };
  }
}
