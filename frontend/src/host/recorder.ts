/** The lecturer's picture and sound as this browser records them for the fallback: in chunks, one recording after the other. */

const CHUNK_MS = 500;
const KEYFRAME_MS = 2000;
const SOUND_BITS = 32_000;
/** Of the picture, in bit/s: what a line that cannot carry the first takes instead. */
export const LEVELS = [700_000, 400_000, 200_000] as const;

const TYPES = ["video/webm;codecs=vp8,opus", "video/webm"];
/** H.264 costs the server nothing, but the list of segments needs its keyframes in time. */
const COPIED = "video/webm;codecs=h264,opus";

type Options = MediaRecorderOptions & { videoKeyFrameIntervalDuration?: number };

function isSupported(type: string): boolean {
  return typeof MediaRecorder === "function" && MediaRecorder.isTypeSupported(type);
}

/** Whether this browser can send by the fallback at all. Safari before 18.4 records no WebM. */
export function canRecord(): boolean {
  return typeof WebSocket === "function" && TYPES.some(isSupported);
}

export interface RecorderEvents {
  /** The next bytes of the recording that runs, in their order. */
  bytes(bytes: ArrayBuffer): void;
  /** It has stopped by itself: a device was unplugged, or the browser gave up. */
  stopped(): void;
}

export class Recorder {
  private recorder: MediaRecorder | null = null;
  private track: MediaStreamTrack | null = null;
  /** Of two recordings the later one counts: chunks of the first may still be on their way. */
  private attempt = 0;
  private mayCopy = true;

  constructor(private readonly events: RecorderEvents) {}

  isActive(): boolean {
    return this.recorder !== null;
  }

  /** The server could not read it: from now on as every browser records. Returns whether that is something else. */
  simpler(): boolean {
    const was = this.mayCopy && isSupported(COPIED);
    this.mayCopy = false;
    return was;
  }

  /** Begin a new recording. Returns whether the browser does. */
  async start(picture: MediaStreamTrack, sound: MediaStreamTrack | null, bits: number): Promise<boolean> {
    this.stop();
    const attempt = this.attempt;
    const track = await smaller(picture);
    if (attempt !== this.attempt) {
      track.stop();
      return false;
    }
    this.track = track;
    try {
      const recorder = this.made(new MediaStream(sound ? [track, sound] : [track]), bits);
      let order = Promise.resolve();
      recorder.ondataavailable = ({ data }) => {
        order = order.then(async () => {
          const bytes = await new Response(data).arrayBuffer();
          if (attempt === this.attempt && bytes.byteLength) this.events.bytes(bytes);
        });
      };
      recorder.onstop = recorder.onerror = () => {
        if (attempt !== this.attempt) return;
        this.stop();
        this.events.stopped();
      };
      recorder.start(CHUNK_MS);
      this.recorder = recorder;
      return true;
    } catch {
      this.stop();
      return false;
    }
  }

  stop(): void {
    this.attempt += 1;
    const { recorder } = this;
    this.recorder = null;
    if (recorder && recorder.state !== "inactive") recorder.stop();
    this.track?.stop();
    this.track = null;
  }

  private made(stream: MediaStream, bits: number): MediaRecorder {
    const options: Options = { videoBitsPerSecond: bits, audioBitsPerSecond: SOUND_BITS };
    let isRead = false;
    // Whoever knows the wish asks for it; nothing else tells.
    Object.defineProperty(options, "videoKeyFrameIntervalDuration", {
      enumerable: true,
      get: () => {
        isRead = true;
        return KEYFRAME_MS;
      },
    });
    const [plain = ""] = TYPES.filter(isSupported);
    if (this.mayCopy && isSupported(COPIED)) {
      options.mimeType = COPIED;
      const recorder = new MediaRecorder(stream, options);
      if (isRead) return recorder;
    }
    options.mimeType = plain;
    return new MediaRecorder(stream, options);
  }
}

/** A copy of a track, as small as such a line needs it; a screen must stay readable. What cannot be made smaller stays. */
async function smaller(picture: MediaStreamTrack): Promise<MediaStreamTrack> {
  const track = picture.clone();
  const settings = track.getSettings?.() as (MediaTrackSettings & { displaySurface?: string }) | undefined;
  const limits: MediaTrackConstraints = settings?.displaySurface
    ? { width: { max: 1280 }, height: { max: 720 }, frameRate: { max: 10 } }
    : { width: { ideal: 854, max: 1280 }, height: { ideal: 480, max: 720 }, frameRate: { ideal: 15, max: 24 } };
  await track.applyConstraints(limits).catch(() => undefined);
  return track;
}
