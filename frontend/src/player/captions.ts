/** The words of the film: the browser reads the captions and keeps their time, the page shows them, and remembers. */
import { get } from "../lib/http";
import { optional, write } from "../lib/page";
import { recall, remember } from "../lib/storage";
import { fill } from "../lib/words";
import type { Addresses, PlayerData } from "./page";

const OFF = "captions-off";

/** What stands there now, one line for each cue. */
export function wordsOf(cues: ArrayLike<{ getCueAsHTML(): { textContent: string | null } }> | null): string {
  return Array.from(cues ?? [])
    .map((cue) => cue.getCueAsHTML().textContent ?? "")
    .join("\n");
}

export function startCaptions(video: HTMLVideoElement, data: PlayerData, say: (text: string) => void): void {
  const key = optional<HTMLButtonElement>("player-captions");
  const element = optional<HTMLTrackElement>("player-track");
  const box = optional<HTMLElement>("player-words");
  if (!key || !element || !box || !data.captions_url) return;
  const { track } = element;
  let isOn = !recall("localStorage", OFF, false);
  let isFresh = false;

  const draw = (): void => {
    const words = isOn ? wordsOf(track.activeCues as ArrayLike<VTTCue> | null) : "";
    write(box, words);
    box.hidden = !words;
  };
  const show = (): void => {
    key.setAttribute("aria-pressed", String(isOn));
    // Hidden for the browser, which would draw them itself, small, and not beside sound alone.
    track.mode = isOn ? "hidden" : "disabled";
    if (isOn && !element.src) element.src = data.captions_url ?? "";
    draw();
  };
  key.addEventListener("click", () => {
    isOn = !isOn;
    remember("localStorage", OFF, isOn ? null : true);
    if (isOn && element.readyState === element.ERROR) element.removeAttribute("src");
    show();
  });
  track.addEventListener("cuechange", draw);
  element.addEventListener("error", () => {
    // The address has expired, or the captions were changed meanwhile: the page's own address knows the new one.
    if (isFresh || !data.refresh_url) {
      isFresh = false;
      say(fill(data.words, "captions_failed"));
      return;
    }
    isFresh = true;
    get<Addresses>(data.refresh_url).then(
      (fresh) => {
        if (fresh.captions_url) element.src = data.captions_url = fresh.captions_url;
      },
      () => say(fill(data.words, "captions_failed")),
    );
  });
  element.addEventListener("load", () => {
    isFresh = false;
    draw();
  });
  // An iPhone's own full screen shows nothing of the page.
  video.addEventListener("webkitbeginfullscreen", () => {
    if (isOn) track.mode = "showing";
  });
  video.addEventListener("webkitendfullscreen", show);
  show();
}
