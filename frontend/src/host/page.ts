/** What the view gives the desk, with the page and after each gap. */
import type { ChatEvent } from "../lib/frames";
import type { HostAskWords, HostWords } from "../lib/sentences";
import type { AskingState } from "../room/asked";

/** Somebody who is muted, or was removed. */
export interface Restricted {
  member: number;
  name: string;
  kind: string;
}

/** What the server says of the recording: sentences or "", and how often it was interrupted. */
export interface Recording {
  off: string;
  missed: string;
  count: number;
}

export interface HostState {
  recording?: Recording;
  state: string;
  now: number;
  live_at: number | null;
  undone_until: number | null;
  void_reason: string;
  chat: ChatEvent[];
  asking: AskingState;
  restricted: Restricted[];
}

export interface HostData extends HostState {
  occasion: number;
  you: number;
  owner: string;
  opens_at: number;
  title: string;
  urls: { state: string; ticket: string; socket: string };
  words: HostWords;
  ask_words: HostAskWords;
}
