/** How a film gets into the element: by hls.js with the settings of films, or by its address alone. */
import type { ErrorData } from "hls.js";
import type HlsClass from "hls.js/light";
import { patient } from "./line";

// A cut of half a minute must not be noticed: a minute lies ready, at any rung.
const AHEAD_S = 60;
const AHEAD_LITE_S = 20;

export interface StreamEvents {
  /** Something came. */
  loaded(hls: HlsClass): void;
  problem(hls: HlsClass, problem: ErrorData): void;
}

/** Feed `video` with the list at `url`, from `at` ms: a picture soon, a minute ready, and patience with a bad line;
 * `isLite`: never more than the cheapest rung, and little ahead. */
export function feed(
  video: HTMLVideoElement,
  Hls: typeof HlsClass,
  { url, at, isLite }: { url: string; at: number; isLite: boolean },
  events: StreamEvents,
): HlsClass {
  const ahead = isLite ? AHEAD_LITE_S : AHEAD_S;
  const hls = new Hls({
    startPosition: at / 1000,
    // Start low and go up: a picture soon, a sharp one when the line carries it.
    startLevel: 0,
    abrEwmaDefaultEstimate: 300_000,
    capLevelToPlayerSize: true,
    maxBufferLength: ahead,
    maxMaxBufferLength: ahead,
    backBufferLength: 30,
    enableWorker: false,
    manifestLoadPolicy: patient(10_000),
    playlistLoadPolicy: patient(10_000),
    fragLoadPolicy: patient(10_000),
  });
  hls.on(Hls.Events.ERROR, (_event, problem) => events.problem(hls, problem));
  for (const event of [Hls.Events.MANIFEST_LOADED, Hls.Events.LEVEL_LOADED, Hls.Events.FRAG_LOADED]) {
    hls.on(event, () => events.loaded(hls));
  }
  if (isLite) hls.autoLevelCapping = 0;
  hls.loadSource(url);
  hls.attachMedia(video);
  return hls;
}

/** Let the browser play `url` by itself, from `at` ms. */
export function playAddress(video: HTMLVideoElement, url: string, at: number): void {
  video.src = url;
  if (at <= 0) return;
  const seek = (): void => {
    video.removeEventListener("loadedmetadata", seek);
    video.currentTime = at / 1000;
  };
  video.addEventListener("loadedmetadata", seek);
}
