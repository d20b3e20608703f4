/** What a phone does by itself and should not: lock its screen in the middle. And what it should do on a tap. */

export class WakeLock {
  private lock: { release(): Promise<void> } | null = null;
  private isWanted = false;

  async hold(): Promise<void> {
    const api = (navigator as Navigator & { wakeLock?: { request(type: "screen"): Promise<never> } }).wakeLock;
    if (!api || document.visibilityState !== "visible") return;
    this.isWanted = true;
    try {
      this.lock = await api.request("screen");
      // Over while the browser was asked.
      if (!this.isWanted) this.release();
    } catch {
      this.lock = null; // Battery saving, or not allowed: the phone may lock, and says so honestly.
    }
  }

  release(): void {
    this.isWanted = false;
    void this.lock?.release().catch(() => undefined);
  }
}

/** Into full screen and out of it, also where only the video itself can (iPhones). */
export function toggleFullScreen(what: HTMLElement & { webkitEnterFullscreen?: () => void }): void {
  if (document.fullscreenElement) void document.exitFullscreen();
  else if (what.requestFullscreen) what.requestFullscreen().catch(() => undefined);
  else what.webkitEnterFullscreen?.();
}
