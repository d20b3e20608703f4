/** Devices that a person is asked for: what comes when nobody waits for it any more is let go at once. Knows no DOM. */

interface Stoppable {
  getTracks(): { stop(): void }[];
}

export class Opening {
  private asked = 0;

  /** Null: a later question or the end overtook this one, and its devices are off again. @throws as `open` does */
  async ask<T extends Stoppable>(open: () => Promise<T>): Promise<T | null> {
    this.asked += 1;
    const mine = this.asked;
    try {
      const stream = await open();
      if (mine === this.asked) return stream;
      for (const track of stream.getTracks()) track.stop();
    } catch (error) {
      // Why a question failed that nobody asks any more is no matter.
      if (mine === this.asked) throw error;
    }
    return null;
  }

  /** Nobody waits any more. */
  callOff(): void {
    this.asked += 1;
  }
}
