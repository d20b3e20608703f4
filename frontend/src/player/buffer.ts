/** What an element has ready, and what it has drawn. */

/** How many seconds lie ready after the place that is playing. */
export function secondsAhead({ buffered, currentTime }: Pick<HTMLMediaElement, "buffered" | "currentTime">): number {
  for (let index = 0; index < buffered.length; index += 1) {
    if (buffered.start(index) <= currentTime + 0.5 && buffered.end(index) > currentTime) {
      return buffered.end(index) - currentTime;
    }
  }
  return 0;
}

/** It plays, and not one of its frames was drawn. */
export function drewNothing(video: HTMLVideoElement): boolean {
  const quality = video.getVideoPlaybackQuality?.();
  return quality !== undefined && quality.totalVideoFrames === quality.droppedVideoFrames;
}
