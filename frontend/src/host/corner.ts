/**
 * The shared screen with the lecturer's face in a corner, drawn into one picture here, on the lecturer's computer. It
 * costs that computer's time: few frames a second, and whoever cannot keep up with them is told (`slow`).
 */

export interface Size {
  width: number;
  height: number;
}

export interface Place extends Size {
  x: number;
  y: number;
}

const FRAMES_A_SECOND = 12;
const WIDEST = 1280;
const SHARE = 0.22; // of the picture's width is the face's
const MARGIN = 0.015;
const LOOKED_AT = 36; // frames, three seconds of them
const LATE = 2; // times as long as they should have taken

/** The size of the whole: that of the screen, no wider than what is sent; even, as encoders want it. */
export function wholeOf({ width, height }: Size): Size {
  if (!width || !height) return { width: WIDEST, height: 720 };
  const scale = Math.min(1, WIDEST / width);
  const even = (length: number): number => Math.max(2, 2 * Math.round((length * scale) / 2));
  return { width: even(width), height: even(height) };
}

/** Where a picture stands that is seen whole, in the middle of the space for it. */
export function fitted(whole: Size, picture: Size): Place {
  const scale = Math.min(whole.width / picture.width, whole.height / picture.height);
  const [width, height] = [picture.width * scale, picture.height * scale];
  return { x: (whole.width - width) / 2, y: (whole.height - height) / 2, width, height };
}

/** Where the face stands: in the lower right corner. */
export function corner(whole: Size, face: Size): Place {
  const width = whole.width * SHARE;
  const height = (width * face.height) / face.width;
  const margin = whole.width * MARGIN;
  return { x: whole.width - width - margin, y: whole.height - height - margin, width, height };
}

/** Whether frames that should have come at an even pace took far too long. */
export function isLate(count: number, tookMs: number): boolean {
  return tookMs > (LATE * count * 1000) / FRAMES_A_SECOND;
}

/** Drawn at an even pace also while another window is in front: a page behind it has its own clock slowed down. */
function ticks(): Worker {
  const source = `setInterval(() => postMessage(0), ${Math.round(1000 / FRAMES_A_SECOND)});`;
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(address);
  URL.revokeObjectURL(address);
  return worker;
}

export class Corner {
  private readonly canvas = document.createElement("canvas");
  private readonly screen = document.createElement("video");
  private readonly face = document.createElement("video");
  private worker: Worker | null = null;
  private track: MediaStreamTrack | null = null;
  private drawn = 0;
  private since = 0;

  constructor(private readonly slow: () => void) {}

  static isPossible(): boolean {
    return typeof Worker === "function" && "captureStream" in HTMLCanvasElement.prototype;
  }

  /** Both in one, the same until it is stopped; null where this browser cannot. */
  picture(screen: MediaStreamTrack, face: MediaStreamTrack): MediaStreamTrack | null {
    play(this.screen, screen);
    play(this.face, face);
    if (this.track) return this.track;
    const { width = 0, height = 0 } = screen.getSettings();
    Object.assign(this.canvas, wholeOf({ width, height }));
    try {
      this.worker = ticks();
      this.draw();
      this.track = this.canvas.captureStream(FRAMES_A_SECOND).getVideoTracks()[0] ?? null;
    } catch {
      this.stop();
      return null;
    }
    this.worker.onmessage = () => this.tick();
    this.drawn = 0;
    return this.track;
  }

  stop(): void {
    this.worker?.terminate();
    this.worker = null;
    this.track?.stop();
    this.track = null;
    this.screen.srcObject = null;
    this.face.srcObject = null;
  }

  private tick(): void {
    const now = performance.now();
    if (this.drawn === 0) this.since = now;
    this.draw();
    this.drawn += 1;
    if (this.drawn <= LOOKED_AT) return;
    this.drawn = 0;
    if (isLate(LOOKED_AT, now - this.since)) this.slow();
  }

  private draw(): void {
    const pen = this.canvas.getContext("2d");
    if (!pen) return;
    const whole = { width: this.canvas.width, height: this.canvas.height };
    pen.fillStyle = "#000000";
    pen.fillRect(0, 0, whole.width, whole.height);
    for (const [video, place] of [
      [this.screen, fitted],
      [this.face, corner],
    ] as const) {
      if (!video.videoWidth) continue;
      const { x, y, width, height } = place(whole, { width: video.videoWidth, height: video.videoHeight });
      pen.drawImage(video, x, y, width, height);
    }
  }
}

function play(video: HTMLVideoElement, track: MediaStreamTrack): void {
  if ((video.srcObject as MediaStream | null)?.getVideoTracks()[0] === track) return;
  video.muted = true;
  video.srcObject = new MediaStream([track]);
  void video.play().catch(() => undefined);
}
