/** The picture as the audience has it, in the lecturer's own page: small, silent, by HLS as most people get it. */
import { abilities, choose, loadHls } from "../lib/hls";
import { byId, write } from "../lib/page";
import type { HostWords } from "../lib/sentences";
import { fill } from "../lib/words";
import { LiveList } from "../room/list";

const AGAIN_MS = 3000;

export interface PreviewEvents {
  /** A fresh signed address; "" while there is none. */
  address(): Promise<string>;
  now(): number;
}

export class Preview {
  private readonly video = byId<HTMLVideoElement>("look-video");
  private readonly list: LiveList;
  private isOpen = false;
  private timer = 0;
  private attempt = 0;

  constructor(
    private readonly words: HostWords,
    private readonly script: string,
    private readonly events: PreviewEvents,
  ) {
    this.video.muted = true;
    this.list = new LiveList(this.video, { failed: () => this.later(), isPlaying: () => !this.video.paused });
    byId("look").addEventListener("click", () => (this.isOpen ? this.close() : void this.open()));
    window.setInterval(() => this.isOpen && this.show(), 1000);
  }

  close(): void {
    this.isOpen = false;
    this.release();
    this.keys();
  }

  private async open(): Promise<void> {
    this.isOpen = true;
    this.keys();
    this.show();
    await this.begin();
  }

  private async begin(): Promise<void> {
    this.release();
    const attempt = this.attempt;
    const url = await this.events.address().catch(() => "");
    if (attempt !== this.attempt) return;
    const way = url ? choose(url, abilities(this.video), false) : "none";
    if (way === "library") {
      const Hls = await loadHls(this.script);
      if (attempt !== this.attempt) return;
      if (Hls?.isSupported()) this.list.play(Hls, url);
      else this.later();
    } else if (way === "native") {
      this.video.src = url;
    } else {
      this.later();
    }
    void this.video.play().catch(() => undefined);
  }

  private later(): void {
    this.release();
    if (this.isOpen) this.timer = window.setTimeout(() => void this.begin(), AGAIN_MS);
  }

  private release(): void {
    window.clearTimeout(this.timer);
    this.attempt += 1;
    this.list.close();
    if (this.video.getAttribute("src")) {
      this.video.removeAttribute("src");
      this.video.load();
    }
  }

  private keys(): void {
    byId("look-box").hidden = !this.isOpen;
    byId("look").setAttribute("aria-expanded", String(this.isOpen));
    byId("look").textContent = fill(this.words, this.isOpen ? "look_close" : "look_open");
  }

  private show(): void {
    const at = this.list.shownAt();
    const plays = !this.video.paused && this.video.readyState > 2;
    if (plays && at !== null) {
      const s = Math.max(0, Math.round((this.events.now() - at) / 1000));
      write(byId("look-note"), fill(this.words, "look_behind", { s }));
    } else {
      write(byId("look-note"), fill(this.words, plays ? "look_silent" : "look_waiting"));
    }
  }
}
