/** A speaker who gets the picture by HLS hears nothing of the lecturer: when WebRTC is tried again. Knows no DOM. */
import { doubled } from "../lib/backoff";

const AGAIN = { first: 5000, longest: 60_000 };

export class Deafness {
  /** Since a while nothing is heard, and something is done about it. */
  isOn = false;
  private tries = 0;
  private at = 0;

  /** Asked while it is by HLS: whether to try again now. */
  isDue(now: number): boolean {
    if (!this.isOn) {
      this.isOn = true;
      this.at = now + doubled(this.tries, AGAIN);
    }
    if (now < this.at) return false;
    this.tries += 1;
    this.at = now + doubled(this.tries, AGAIN);
    return true;
  }

  /** It comes by WebRTC, or need not be heard at once any more. */
  ends(): void {
    this.isOn = false;
    this.tries = 0;
  }
}
