/** The sound that goes out: the microphone alone, or mixed with that of the shared screen. */

export class Mixer {
  private context: AudioContext | null = null;

  /** One track of both; the microphone's own where there is nothing to mix, or the browser cannot. */
  mix(microphone: MediaStreamTrack | null, screen: MediaStreamTrack | null): MediaStreamTrack | null {
    this.stop();
    if (!screen || typeof AudioContext !== "function") return microphone;
    const context = new AudioContext();
    this.context = context;
    void context.resume().catch(() => undefined);
    const out = context.createMediaStreamDestination();
    for (const track of [microphone, screen]) {
      if (track) context.createMediaStreamSource(new MediaStream([track])).connect(out);
    }
    return out.stream.getAudioTracks()[0] ?? microphone;
  }

  stop(): void {
    void this.context?.close().catch(() => undefined);
    this.context = null;
  }
}
