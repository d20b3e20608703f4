/**
 * The picture of a lecture without a camera: its title on a card. A stream without a picture would reach only those
 * who watch by WebRTC, and leave no replay.
 */

const WIDTH = 640;
const HEIGHT = 360;
const MARGIN = 40;
const FRAMES_A_SECOND = 5;
const LINES = 3;
const FONT = '"PingFang SC", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif';

export class Card {
  private readonly canvas = document.createElement("canvas");
  private track: MediaStreamTrack | null = null;
  private timer = 0;
  private drawn = 0;

  constructor(
    private readonly title: string,
    private readonly note: string,
  ) {
    this.canvas.width = WIDTH;
    this.canvas.height = HEIGHT;
  }

  /** The card as a track, the same until it is stopped; null in a browser that cannot film a canvas. */
  picture(): MediaStreamTrack | null {
    if (this.track || typeof this.canvas.captureStream !== "function") return this.track;
    this.draw();
    this.track = this.canvas.captureStream(FRAMES_A_SECOND).getVideoTracks()[0] ?? null;
    this.timer = window.setInterval(() => this.draw(), 1000 / FRAMES_A_SECOND);
    return this.track;
  }

  stop(): void {
    window.clearInterval(this.timer);
    this.track?.stop();
    this.track = null;
  }

  private draw(): void {
    const pen = this.canvas.getContext("2d");
    if (!pen) return;
    pen.fillStyle = "#7d1a15";
    pen.fillRect(0, 0, WIDTH, HEIGHT);
    pen.fillStyle = "#ffffff";
    pen.textBaseline = "top";
    pen.font = `600 40px ${FONT}`;
    this.lines(pen).forEach((line, number) => {
      pen.fillText(line, MARGIN, 80 + number * 56);
    });
    pen.font = `24px ${FONT}`;
    pen.fillText(this.note, MARGIN + 28, 276);
    // It breathes: a canvas that does not change sends no frames.
    this.drawn += 1;
    pen.globalAlpha = this.drawn % FRAMES_A_SECOND < 3 ? 1 : 0.4;
    pen.beginPath();
    pen.arc(MARGIN + 8, 290, 8, 0, 2 * Math.PI);
    pen.fill();
    pen.globalAlpha = 1;
  }

  /** The title in at most three lines; what does not fit ends in an ellipsis. */
  private lines(pen: CanvasRenderingContext2D): string[] {
    const fits = (text: string): boolean => pen.measureText(text).width <= WIDTH - 2 * MARGIN;
    const lines = [""];
    for (const sign of Array.from(this.title)) {
      const last = lines[lines.length - 1] ?? "";
      if (fits(last + sign)) lines[lines.length - 1] = last + sign;
      else if (lines.length < LINES) lines.push(sign.trim());
      else {
        lines[LINES - 1] = `${last.slice(0, -1)}…`;
        break;
      }
    }
    return lines;
  }
}
