/** Asks how far the work on videos is, and shows it wherever the page has a place for it. */
import { HLS_TYPE } from "../lib/hls";
import { page, part } from "./page";

interface VideoState {
  id: string;
  state: "queued" | "running" | "ready" | "failed";
  label: string;
  progress: number;
  /** What is still being made and how long it takes, also of one that can be played already; "": nothing. */
  work: string;
  message: string;
  retry: boolean;
  hls: string;
  poster: string;
  url: string;
}

const ASK_MS = 2000;
const ASK_HIDDEN_MS = 20000;
const watched = new Map<string, HTMLElement>();
let timer = 0;

function isOpen(place: HTMLElement): boolean {
  const state = place.dataset.state;
  return state === "queued" || state === "running" || place.dataset.openWork !== undefined;
}

function show(place: HTMLElement, video: VideoState): void {
  place.dataset.state = video.state;
  const label = part<HTMLElement>(place, "[data-label]");
  const bar = part<HTMLProgressElement>(place, "[data-progress]");
  const work = part<HTMLElement>(place, "[data-work]");
  const message = part<HTMLElement>(place, "[data-message]");
  label.textContent = video.label;
  label.classList.toggle("primary", video.state === "ready");
  bar.hidden = video.state !== "running";
  bar.value = video.progress;
  work.textContent = video.work;
  work.hidden = video.work === "";
  if (video.work) place.dataset.openWork = "";
  else delete place.dataset.openWork;
  message.textContent = video.message;
  message.hidden = video.message === "";
  const open = place.querySelector<HTMLAnchorElement>("[data-open]");
  if (open) open.href = video.url;
  const retry = document.querySelector<HTMLElement>("[data-retry]");
  if (retry) retry.hidden = !video.retry;
  preview(video);
}

/** The player beside the form, as soon as there is something to play. */
function preview(video: VideoState): void {
  const player = document.querySelector<HTMLVideoElement>(`video[data-preview="${video.id}"]`);
  if (!player || !video.hls || !player.hidden) return;
  player.hidden = false;
  if (video.poster) player.poster = video.poster;
  const Hls = window.Hls;
  if (Hls?.isSupported()) {
    const hls = new Hls({ autoStartLoad: false });
    hls.loadSource(video.hls);
    hls.attachMedia(player);
    player.addEventListener("play", () => hls.startLoad(), { once: true });
  } else if (player.canPlayType(HLS_TYPE) !== "") {
    player.src = video.hls;
  }
}

async function ask(): Promise<void> {
  const ids = Array.from(watched.keys());
  const query = ids.map((id) => `id=${encodeURIComponent(id)}`).join("&");
  try {
    const answer = await fetch(`${page().status}?${query}`, { credentials: "same-origin" });
    if (answer.ok) {
      const body = (await answer.json()) as { videos: VideoState[] };
      for (const video of body.videos) {
        const place = watched.get(video.id);
        if (place) show(place, video);
      }
    }
  } catch {
    // The line is away for a moment; the next question follows.
  }
  for (const [id, place] of Array.from(watched)) {
    if (!isOpen(place) || !document.body.contains(place)) watched.delete(id);
  }
  plan();
}

function plan(): void {
  window.clearTimeout(timer);
  if (watched.size === 0) return;
  timer = window.setTimeout(() => void ask(), document.hidden ? ASK_HIDDEN_MS : ASK_MS);
}

export function watchOne(place: HTMLElement): void {
  const id = place.dataset.video ?? "";
  if (!id) return;
  watched.set(id, place);
  void ask();
}

/** Watch what is still in work; a video with a preview is asked once in any case, for its addresses. */
export function watchVideos(): void {
  const find = (): void => {
    let found = false;
    for (const place of Array.from(document.querySelectorAll<HTMLElement>("[data-video]"))) {
      const id = place.dataset.video ?? "";
      const wanted = isOpen(place) || document.querySelector(`video[data-preview="${id}"]`) !== null;
      if (id && wanted && watched.get(id) !== place) {
        watched.set(id, place);
        found = true;
      }
    }
    if (found) void ask();
  };
  find();
  // Wagtail replaces the list when one searches or turns the page.
  const results = document.getElementById("listing-results");
  if (results) new MutationObserver(find).observe(results, { childList: true, subtree: true });
  document.addEventListener("visibilitychange", plan);
}
