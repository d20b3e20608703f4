/** Whether picture or sound really come: the browser's own word ("playing") is also said of a picture that stands still. */

interface Counts {
  packets: number;
  frames: number;
}

// A nudge over a hole is shorter than this, what was played between two looks is longer.
const LEAST_STEP_S = 0.2;

export class Motion {
  private time = 0;
  private last: Counts = { packets: 0, frames: 0 };
  private hasFrames = false;

  /** A new connection, or the lecturer's new picture: what was seen before proves nothing. */
  anew(): void {
    this.hasFrames = false;
  }

  /** Whether anything came since the last question; of a picture that was never seen, sound alone is no proof. */
  async since(video: HTMLVideoElement, pc: RTCPeerConnection | null, soundOnly: boolean): Promise<boolean> {
    if (!pc) return this.played(video);
    const now = await count(pc);
    const { last } = this;
    this.last = now;
    if (now.frames !== last.frames) this.hasFrames = now.frames > last.frames;
    const came = now.packets > last.packets;
    return !video.paused && came && (soundOnly || this.hasFrames);
  }

  private played(video: HTMLVideoElement): boolean {
    const step = Math.abs(video.currentTime - this.time);
    this.time = video.currentTime;
    return !video.paused && video.readyState > 2 && step > LEAST_STEP_S;
  }
}

async function count(pc: RTCPeerConnection): Promise<Counts> {
  const counts = { packets: 0, frames: 0 };
  (await pc.getStats()).forEach((report) => {
    if (report.type !== "inbound-rtp") return;
    counts.packets += report.packetsReceived ?? 0;
    if ((report.kind ?? report.mediaType) === "video")
      counts.frames += report.framesDecoded ?? report.packetsReceived ?? 0;
  });
  return counts;
}
