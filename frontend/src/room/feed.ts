/** What the room says, in its order: its talk goes into the chat, the rest to the page; a hole in it is noticed. */
import type { JoinedFrame, RoomEvent, TickFrame } from "../lib/frames";
import type { Chat } from "./chat";

/** What is not talk. */
export type PageEvent = Exclude<RoomEvent, { t: "chat" | "hidden" }>;

export interface FeedEvents {
  people(count: number): void;
  event(event: PageEvent): void;
  /** Some of it did not come: one GET tells what. */
  missed(): void;
}

export class Feed {
  /** The last number that was heard; -1 before the first. */
  seq = -1;

  constructor(
    private readonly chat: Pick<Chat, "add" | "hide" | "leftOut" | "mute" | "resend">,
    private readonly events: FeedEvents,
  ) {}

  /** The socket is open. Returns whether this page was here before. */
  joined(frame: JoinedFrame): boolean {
    const isBack = this.seq >= 0;
    this.seq = frame.seq;
    this.events.people(frame.people);
    this.chat.mute(frame.muted);
    this.chat.resend();
    return isBack;
  }

  tick(frame: TickFrame): void {
    if (frame.seq > this.seq + 1 && this.seq >= 0) this.events.missed();
    // What is said to one person repeats the room's last number.
    this.seq = Math.max(this.seq, frame.seq);
    this.events.people(frame.people);
    for (const event of frame.events) {
      if (event.t === "chat") this.chat.add(event);
      else if (event.t === "hidden") this.chat.hide(event.message);
      else this.events.event(event);
    }
    if (frame.left_out > 0) this.chat.leftOut(frame.left_out);
  }
}
