/** hls.js, loaded only where a page plays and the browser can be fed by a script; and which way a film is played. */
import type HlsClass from "hls.js/light";

declare global {
  interface Window {
    Hls?: typeof HlsClass;
  }
}

export const HLS_TYPE = "application/vnd.apple.mpegurl";

/** What this browser can do. */
export interface Abilities {
  /** A script may feed the element (MediaSource). */
  canBeFed: boolean;
  /** The element plays HLS lists by itself (Safari, some WebViews). */
  playsLists: boolean;
}

/** `library`: hls.js feeds the element; `native`: the address as it is; `sound`: the sound's file alone. */
export type Way = "library" | "native" | "sound" | "none";

export function abilities(video: HTMLVideoElement): Abilities {
  return {
    canBeFed: Boolean(window.MediaSource) || "ManagedMediaSource" in window,
    playsLists: video.canPlayType(HLS_TYPE) !== "",
  };
}

/** How to play `url`. `hasSound`: there is a sound's file to fall back to, and it is not what is played already. */
export function choose(url: string, { canBeFed, playsLists }: Abilities, hasSound: boolean): Way {
  const isList = /\.m3u8(\?|$)/.test(url);
  if (isList && canBeFed) return "library";
  if (!isList || playsLists) return "native";
  // Old WebViews play no HLS at all, but a plain sound file they do.
  return hasSound ? "sound" : "none";
}

/** hls.js was wanted and cannot be used: it did not come (`wait`: the line), or does not run in this browser. */
export function chooseWithout(
  library: "missing" | "unsupported",
  { playsLists }: Abilities,
  hasSound: boolean,
): Exclude<Way, "library"> | "wait" {
  if (playsLists) return "native";
  if (library === "missing") return "wait";
  return hasSound ? "sound" : "none";
}

/** @returns hls.js, or undefined where its script did not come; asked again, it is tried again. */
export function loadHls(address: string): Promise<typeof HlsClass | undefined> {
  if (window.Hls) return Promise.resolve(window.Hls);
  return new Promise((resolve) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => resolve(window.Hls);
    script.onerror = () => {
      script.remove();
      resolve(undefined);
    };
    document.head.appendChild(script);
  });
}
