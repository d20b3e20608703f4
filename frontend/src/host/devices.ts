/** Camera, microphone, screen: what there is, what is chosen, how loud it is. */
import { canSend } from "../lib/peer";
import { canRecord } from "./recorder";

export type DeviceProblem = "insecure" | "unsupported" | "denied" | "no_device" | "no_microphone" | "device_busy";

export class UnableToUseDevices extends Error {
  constructor(readonly problem: DeviceProblem) {
    super(problem);
    this.name = "UnableToUseDevices";
    Object.setPrototypeOf(this, UnableToUseDevices.prototype);
  }
}

const PICTURE: MediaTrackConstraints = {
  width: { ideal: 1280 },
  height: { ideal: 720 },
  frameRate: { ideal: 24, max: 30 },
};
const SOUND: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

function problemOf(error: unknown): DeviceProblem {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  if (name === "NotReadableError" || name === "AbortError") return "device_busy";
  return "no_device";
}

/** Nobody is asked for devices whose picture and sound could not go out. @throws UnableToUseDevices */
function checkAbilities(goesOut = canSend()): void {
  if (!window.isSecureContext) throw new UnableToUseDevices("insecure");
  if (!navigator.mediaDevices?.getUserMedia || !goesOut) throw new UnableToUseDevices("unsupported");
}

/** What the list of cameras calls none at all. */
export const NO_CAMERA = "none";

/** Open both, or what there is of the two; the sound alone for NO_CAMERA. @throws UnableToUseDevices */
export async function openDevices(camera: string, microphone: string): Promise<MediaStream> {
  checkAbilities(canSend() || canRecord());
  const video = camera ? { ...PICTURE, deviceId: { exact: camera } } : PICTURE;
  const audio = microphone ? { ...SOUND, deviceId: { exact: microphone } } : SOUND;
  try {
    return await navigator.mediaDevices.getUserMedia(camera === NO_CAMERA ? { audio } : { video, audio });
  } catch (error) {
    const problem = problemOf(error);
    if (problem !== "no_device") throw new UnableToUseDevices(problem);
  }
  // A chosen device may have been unplugged, and a lecture needs its sound more than its picture.
  if (camera !== NO_CAMERA) {
    try {
      return await navigator.mediaDevices.getUserMedia({ video: PICTURE, audio: SOUND });
    } catch {
      // No camera at all, it seems.
    }
  }
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: SOUND });
  } catch (error) {
    const problem = problemOf(error);
    const cameras = await listDevices("videoinput").catch(() => []);
    throw new UnableToUseDevices(problem === "no_device" && cameras.length ? "no_microphone" : problem);
  }
}

/** The microphone alone, of somebody who comes on the stage. @throws UnableToUseDevices */
export async function openMicrophone(): Promise<MediaStream> {
  checkAbilities();
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: SOUND });
  } catch (error) {
    throw new UnableToUseDevices(problemOf(error));
  }
}

/**
 * The camera alone, of somebody on the stage or, lower, one of many in a meeting: enough for a face, and no more of a
 * phone's line. @throws UnableToUseDevices
 */
export async function openCamera(height = 480): Promise<MediaStreamTrack> {
  checkAbilities();
  const video = {
    width: { ideal: 640 },
    height: { ideal: height },
    frameRate: { ideal: 15, max: 24 },
    facingMode: "user",
  };
  try {
    const [track] = (await navigator.mediaDevices.getUserMedia({ video })).getVideoTracks();
    if (track) return track;
  } catch (error) {
    throw new UnableToUseDevices(problemOf(error));
  }
  throw new UnableToUseDevices("no_device");
}

export async function listDevices(kind: MediaDeviceKind): Promise<MediaDeviceInfo[]> {
  return (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === kind && device.deviceId);
}

export function canShareScreen(): boolean {
  return typeof navigator.mediaDevices?.getDisplayMedia === "function";
}

/** What is shared, with its sound where the person and the browser give it. */
export function openScreen(): Promise<MediaStream> {
  return navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 15 } }, audio: true });
}

/**
 * Whether the screen did not come although the person chose one: the system keeps it from the browser (Chromium says so
 * in words alone), or another program holds it. Who closes the browser's own question has changed their mind.
 */
export function isScreenKept(error: unknown): boolean {
  if (!(error instanceof DOMException)) return true;
  return error.name !== "NotAllowedError" || error.message.includes("by system");
}

/** Loudness of the microphone, 0 to 1. */
export class Meter {
  private context: AudioContext | null = null;
  private analyser: AnalyserNode | null = null;
  private source: MediaStreamAudioSourceNode | null = null;
  private samples = new Uint8Array(0);

  listen(stream: MediaStream): void {
    if (typeof AudioContext !== "function" || stream.getAudioTracks().length === 0) return;
    this.context = this.context ?? new AudioContext();
    void this.context.resume().catch(() => undefined);
    this.source?.disconnect();
    this.analyser = this.context.createAnalyser();
    this.analyser.fftSize = 512;
    this.samples = new Uint8Array(this.analyser.fftSize);
    this.source = this.context.createMediaStreamSource(stream);
    this.source.connect(this.analyser);
  }

  /** Null: this browser measures none, as Firefox where nothing could play a sound. */
  level(): number | null {
    if (!this.analyser || this.context?.state !== "running") return null;
    this.analyser.getByteTimeDomainData(this.samples);
    let sum = 0;
    for (const sample of Array.from(this.samples)) sum += ((sample - 128) / 128) ** 2;
    return Math.min(1, Math.sqrt(sum / this.samples.length) * 4);
  }
}
