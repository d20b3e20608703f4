/** The words of the film: the browser reads the captions and keeps their time, the page shows them, and remembers. */
import { get } from "../lib/http";
import { optional, write } from "../lib/page";
import { recall, remember } from "../lib/storage";
import { fill } from "../lib/words";
import type { Addresses, PlayerData } from "./page";
import type { Said } from "./words";

const OFF = "captions-off";

/** What stands there now, one line for each cue. */
export function wordsOf(cues: ArrayLike<{ getCueAsHTML(): { textContent: string | null } }> | null): string {
  return Array.from(cues ?? [])
    .map((cue) => cue.getCueAsHTML().textContent ?? "")
    .join("\n");
}

export interface Captions {
  /** Load them, whether they are shown or not; `then` each time they are there. */
  read(then: (said: Said[]) => void, failed: () => void): void;
}

/** Null where the media has none. */
export function startCaptions(video: HTMLVideoElement, data: PlayerData, say: (text: string) => void): Captions | null {
  const key = optional<HTMLButtonElement>("player-captions");
  const element = optional<HTMLTrackElement>("player-track");
  const box = optional<HTMLElement>("player-words");
  if (!key || !element || !box || !data.captions_url) return null;
  const { track } = element;
  let isOn = !recall("localStorage", OFF, false);
  let isFresh = false;
  let reader: { then: (said: Said[]) => void; failed: () => void } | null = null;

  const draw = (): void => {
    const words = isOn ? wordsOf(track.activeCues as ArrayLike<VTTCue> | null) : "";
    write(box, words);
    box.hidden = !words;
  };
  const show = (): void => {
    key.setAttribute("aria-pressed", String(isOn));
    const isNeeded = isOn || reader !== null;
    if (isNeeded && element.readyState === element.ERROR) element.removeAttribute("src");
    // Hidden for the browser, which would draw them itself, small, and not beside sound alone.
    track.mode = isNeeded ? "hidden" : "disabled";
    if (isNeeded && !element.src) element.src = data.captions_url ?? "";
    draw();
  };
  const tell = (): void => {
    const cues = Array.from((track.cues ?? []) as ArrayLike<VTTCue>);
    reader?.then(cues.map((cue) => ({ start: Math.round(cue.startTime * 1000), text: wordsOf([cue]) })));
  };
  const failed = (): void => {
    isFresh = false;
    if (isOn) say(fill(data.words, "captions_failed"));
    reader?.failed();
  };
  key.addEventListener("click", () => {
    isOn = !isOn;
    remember("localStorage", OFF, isOn ? null : true);
    show();
  });
  track.addEventListener("cuechange", draw);
  element.addEventListener("error", () => {
    // The address has expired, or the captions were changed meanwhile: the page's own address knows the new one.
    if (isFresh || !data.refresh_url) {
      failed();
      return;
    }
    isFresh = true;
    get<Addresses>(data.refresh_url).then((fresh) => {
      if (fresh.captions_url) element.src = data.captions_url = fresh.captions_url;
      else failed();
    }, failed);
  });
  element.addEventListener("load", () => {
    isFresh = false;
    draw();
    tell();
  });
  // An iPhone's own full screen shows nothing of the page.
  video.addEventListener("webkitbeginfullscreen", () => {
    if (isOn) track.mode = "showing";
  });
  video.addEventListener("webkitendfullscreen", show);
  show();
  return {
    read(then, unread): void {
      reader = { then, failed: unread };
      show();
      if (element.readyState === element.LOADED) tell();
    },
  };
}
