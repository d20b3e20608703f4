/**
 * What the phone's lock screen and headset keys show and do. With sound alone it plays on while the screen is locked;
 * a picture is paused by most phones, and goes on as sound from the lock screen's own button.
 */
import { optional } from "../lib/page";

export interface SessionActs {
  play(): void;
  pause(): void;
  seekTo(ms: number): void;
  position(): number;
}

const STEP_S = 10;

export function startSession(video: HTMLVideoElement, acts: SessionActs): void {
  if (!("mediaSession" in navigator) || !("MediaMetadata" in window)) return;
  const session = navigator.mediaSession;
  const handlers: [MediaSessionAction, (details: MediaSessionActionDetails) => void][] = [
    ["play", () => acts.play()],
    ["pause", () => acts.pause()],
    ["seekbackward", (details) => acts.seekTo(acts.position() - (details.seekOffset || STEP_S) * 1000)],
    ["seekforward", (details) => acts.seekTo(acts.position() + (details.seekOffset || STEP_S) * 1000)],
    ["seekto", (details) => acts.seekTo((details.seekTime ?? 0) * 1000)],
  ];
  video.addEventListener("play", () => {
    if (session.metadata) return;
    session.metadata = new MediaMetadata({
      title: video.getAttribute("aria-label") ?? "",
      artist: optional("player-subtitle")?.textContent ?? "",
      artwork: video.poster ? [{ src: video.poster }] : [],
    });
    for (const [action, handler] of handlers) {
      try {
        session.setActionHandler(action, handler);
      } catch {
        // This browser has no such key.
      }
    }
  });
  for (const event of ["loadedmetadata", "ratechange", "seeked", "playing"]) {
    video.addEventListener(event, () => {
      const { duration, playbackRate, currentTime } = video;
      if (!session.setPositionState || !(duration > 0 && duration < Number.POSITIVE_INFINITY)) return;
      session.setPositionState({ duration, playbackRate, position: Math.min(currentTime, duration) });
    });
  }
}
