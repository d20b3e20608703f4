/** The lecturer's picture by HLS, fed by hls.js at the live edge. */
import type { Fragment } from "hls.js";
import type HlsClass from "hls.js/light";

export interface ListEvents {
  /** It cannot go on: begin again at the live edge. */
  failed(): void;
  /** What is buffered plays. */
  isPlaying(): boolean;
}

const AGAIN_MS = 2000;
// With so much ahead it could play.
const ENOUGH_S = 1;

export class LiveList {
  private hls: HlsClass | null = null;
  private timer = 0;
  /** The piece that hls.js loads, and how much of it had come at the last look. */
  private loading: Fragment | null = null;
  private loaded = "";

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly events: ListEvents,
  ) {}

  get isOpen(): boolean {
    return this.hls !== null;
  }

  play(Hls: typeof HlsClass, url: string): void {
    const hls = new Hls({
      // Five seconds behind the lecturer (bench/latency.py). A line that stalls gets a second more each time, up to two.
      liveSyncDuration: 3.4,
      liveSyncOnStallIncrease: 1,
      maxLiveSyncPlaybackRate: 1.2,
      maxBufferLength: 20,
      backBufferLength: 10,
      enableWorker: false,
      manifestLoadPolicy: {
        default: { maxTimeToFirstByteMs: 8000, maxLoadTimeMs: 15_000, timeoutRetry: null, errorRetry: null },
      },
    });
    this.hls = hls;
    hls.on(Hls.Events.FRAG_LOADING, (_event, { frag }) => {
      if (this.hls === hls) this.loading = frag;
    });
    let recovered = false;
    hls.on(Hls.Events.ERROR, (_event, problem) => {
      if (!problem.fatal || this.hls !== hls) return;
      if (problem.type === Hls.ErrorTypes.MEDIA_ERROR && !recovered) {
        recovered = true;
        hls.recoverMediaError();
      } else if (problem.type === Hls.ErrorTypes.NETWORK_ERROR && this.events.isPlaying()) {
        // What is buffered plays on meanwhile.
        this.timer = window.setTimeout(() => hls.startLoad(), AGAIN_MS);
      } else {
        this.events.failed();
      }
    });
    hls.loadSource(url);
    hls.attachMedia(this.video);
  }

  /**
   * Whether it gets somewhere although nothing plays yet: on a slow line a piece takes longer than any patience, and to
   * begin anew throws away what has come of it. Once there is enough to play, bytes are no excuse any more.
   */
  arrives(): boolean {
    const before = this.loaded;
    const { loading, video } = this;
    this.loaded = loading ? `${loading.type} ${loading.sn} ${loading.stats.loaded}` : "";
    if (!loading || loading.stats.loaded === 0) return false;
    const last = video.buffered.length - 1;
    const isReady = last >= 0 && video.buffered.end(last) - video.currentTime > ENOUGH_S;
    return !isReady && this.loaded !== before;
  }

  /** The moment that is shown now, on the server's clock (Unix ms); null where the list does not say. */
  shownAt(): number | null {
    return this.hls?.playingDate?.getTime() ?? null;
  }

  close(): void {
    window.clearTimeout(this.timer);
    const { hls } = this;
    this.hls = null;
    this.loading = null;
    hls?.destroy();
  }
}
