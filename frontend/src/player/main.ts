/** The one player: lessons and replays. The template is cms/player.html; the server's side is the watch API. */
import { clock } from "../lib/clock";
import { onConnection } from "../lib/connection";
import { get, send } from "../lib/http";
import { byId, optional, readData } from "../lib/page";
import { recall, remember } from "../lib/storage";
import { fill } from "../lib/words";
import { startCaptions } from "./captions";
import { Chapters } from "./chapters";
import { Controls } from "./controls";
import { Counter, type Sample } from "./counter";
import { WatchLedger } from "./ledger";
import { type Completed, leadOn } from "./onward";
import type { PlayerData } from "./page";
import { end, length, minus, type Range, union } from "./ranges";
import { startSession } from "./session";
import { ReplaySlides } from "./slides";
import { Source } from "./source";
import { startStoryboard } from "./storyboard";
import { Transcript } from "./transcript";
import { View } from "./view";

const REPORT_EVERY_MS = 12_000;
const DRAW_EVERY_MS = 1000;
// Another phone's place is only followed right at the beginning, and only when it is really another one.
const FOLLOW_WITHIN_MS = 5000;
const FOLLOW_FROM_MS = 4000;
const AHEAD_SLACK_MS = 1500;
const OVERLAP_MS = 1000;
// A gap that is worth going back to: so long, or so much of a short film.
const GAP_MS = 2000;
const GAP_SHARE = 0.1;
const MOMENT_MS = 1000;

function run(data: PlayerData): void {
  const video = byId<HTMLVideoElement>("player-video");
  const counter = new Counter();
  const silentKey = `silent:${data.owner}:${data.occasion}:${data.media}`;
  counter.silent = union(recall<Range[]>("localStorage", silentKey, []));
  let startedAt = 0;
  let completed = false;
  let finishing = 0;
  let resumed = 0;
  let isStopped = false;

  const position = (): number => (startedAt ? source.place : resumed);
  const ledger = new WatchLedger(
    data,
    () => counter.seen,
    () => ({ rate: video.playbackRate, position: position() }),
    () => draw(),
  );
  const furthest = (): number => Math.max(end(ledger.credited), end(counter.seen));
  const source = new Source(
    video,
    data,
    data.refresh_url,
    data.hls_script,
    {
      failed: (why, said) => controls.fail(why, said),
      audioOnly: (on) => controls.showAudio(on, on ? fill(data.words, "audio_fallback") : ""),
      line: (good) => controls.line(good),
      waiting: () => {
        if (!video.paused || source.wanted) controls.say(fill(data.words, "waiting"));
      },
      fault: () => ledger.tell(data.fault_url),
    },
    data.is_lite,
  );
  const controls = new Controls(video, source, data, {
    start,
    seekTo,
    position,
    gap: firstGap,
    again: () => {
      isStopped = false;
      ledger.again();
      source.again(position());
    },
  });
  if (source.audio) controls.showAudio(true);
  startStoryboard(data.storyboard);
  const captions = startCaptions(video, data, (text) => controls.say(text, true));
  startSession(video, {
    play: () => controls.play(),
    pause: () => controls.pause(),
    seekTo,
    position,
  });
  const view = new View(data.words, (gap) => goTo(Math.max(0, gap - OVERLAP_MS)));
  const slides = ReplaySlides.of(async () => (await get<{ slides_url: string }>(data.refresh_url)).slides_url);
  const chapters = Chapters.of(goTo);
  const transcript = Transcript.of(data.words, captions, position, goTo);

  /** From a list below the player (what was not seen, chapters, words): there, and on from there. It is a seek. */
  function goTo(ms: number): void {
    const slide = optional("slide");
    (slide && !slide.hidden ? slide : byId("player")).scrollIntoView({ block: "start" });
    seekTo(ms);
    if (startedAt) {
      source.wanted = true;
      void video.play();
    } else {
      start(true);
    }
  }

  /** `isChosen`: the person has said where (`resumed`); else where they were, on whatever phone that was. */
  function start(isChosen = resumed > 0): void {
    if (startedAt) return;
    startedAt = Date.now();
    // A moment earlier: one hears how it went on, and no crumb is left between two sittings.
    const last = data.position_ms < data.duration_ms - 3000 ? Math.max(0, data.position_ms - OVERLAP_MS) : 0;
    if (!isChosen) resumed = last;
    if (!isChosen && resumed >= FOLLOW_FROM_MS) {
      controls.say(fill(data.words, "resumed", { at: clock(resumed) }), true);
    }
    source.start(resumed);
    void ledger.open().then((elsewhere) => {
      const apart = Math.abs(elsewhere - position());
      const early = Date.now() - startedAt < FOLLOW_WITHIN_MS;
      if (!isChosen && early && elsewhere >= FOLLOW_FROM_MS && apart > FOLLOW_FROM_MS) seekTo(elsewhere);
    });
  }

  function seekTo(ms: number): void {
    let to = Math.max(0, Math.min(ms, Math.max(0, data.duration_ms - 500)));
    if (!data.seek_ahead && to > furthest() + AHEAD_SLACK_MS) {
      to = furthest();
      controls.say(fill(data.words, "no_ahead"), true);
    }
    resumed = to;
    if (!startedAt) return;
    source.moveTo(to);
  }

  /** Where to go on when the film has ended and something is still asked: what was never seen; -1: nothing is. */
  function firstGap(): number {
    const seen = union(ledger.credited, counter.seen);
    if (data.needed_ms === null || !data.records || length(seen) >= data.needed_ms) return -1;
    const least = Math.min(GAP_MS, data.duration_ms * GAP_SHARE);
    const gap = minus([[0, data.duration_ms]], seen).find(([from, to]) => to - from >= least);
    return gap ? Math.max(0, gap[0] - OVERLAP_MS) : -1;
  }

  function moment(): Sample {
    return {
      now: performance.now(),
      position: video.currentTime * 1000,
      rate: video.playbackRate,
      hidden: document.hidden,
      audible: !video.muted && video.volume > 0,
    };
  }

  /** `last`: playing has just stopped, what led up to it was played. */
  function sample(last = false): void {
    if ((video.paused && !last) || video.seeking) {
      counter.cut();
      return;
    }
    const silentBefore = length(counter.silent);
    if (last && begun && video.ended && data.duration_ms <= MOMENT_MS) {
      counter.cut();
      counter.sample(begun);
    }
    counter.sample(moment());
    if (length(counter.silent) !== silentBefore) {
      remember("localStorage", silentKey, counter.silent);
    }
  }

  /** What goes along with the place: the slide, the chapter, the words. */
  function drawLists(): void {
    for (const list of [slides, chapters, transcript]) list?.draw(position());
  }

  /** The course is finished a moment after its last lesson, and of a film that is over nothing is drawn any more. */
  function finishAgain(): void {
    completed = false;
    draw();
  }

  function draw(): void {
    if (ledger.isWithdrawn && !isStopped) {
      isStopped = true;
      source.stop();
      controls.fail("gone", ledger.notice);
    }
    drawLists();
    view.draw({
      asked: !ledger.isWithdrawn,
      duration: data.duration_ms,
      needed: data.needed_ms,
      credited: ledger.credited,
      owed: ledger.owed(),
      silent: counter.silent,
      position: position(),
    });
    controls.keeping(data.records ? ledger.keeping : "not_recorded", ledger.refusal, ledger.notice);
    if (!completed && data.needed_ms !== null && data.complete_url && length(ledger.credited) >= data.needed_ms) {
      completed = true;
      send<Completed>(data.complete_url, {}, { retries: 3 }).then(
        ({ onward }) => {
          leadOn(onward);
          if (!onward && ++finishing < 5) setTimeout(finishAgain, finishing * 3000);
        },
        () => setTimeout(finishAgain, 5000),
      );
    }
  }

  // Of a film that is over in a moment a browser may tell nothing between its beginning and its end.
  let begun: Sample | null = null;
  video.addEventListener("play", () => {
    begun = moment();
    sample();
  });
  video.addEventListener("timeupdate", () => {
    sample();
    drawLists();
  });
  // A standstill adds nothing by itself: the picture stands where it stood, and the clock allows more than was played.
  // To begin anew here would lose what a busy phone has played by the time that it hears of it.
  for (const event of ["playing", "waiting"]) video.addEventListener(event, () => sample());
  video.addEventListener("emptied", () => counter.cut());
  video.addEventListener("seeking", () => {
    counter.cut();
    // The browser's own controls (full screen on an iPhone) know nothing of the course's setting.
    if (!data.seek_ahead && video.currentTime * 1000 > furthest() + AHEAD_SLACK_MS) seekTo(video.currentTime * 1000);
  });
  for (const event of ["pause", "ended"]) {
    video.addEventListener(event, () => {
      sample(true);
      counter.cut();
      ledger.report();
    });
  }
  document.addEventListener("visibilitychange", () => {
    sample();
    ledger.report();
  });
  window.addEventListener("pagehide", () => {
    sample();
    ledger.leave();
  });
  window.addEventListener("pageshow", (event) => {
    ledger.back();
    // Kept by the browser for its back button: what counts, and who may see it, is asked anew.
    if (event.persisted) location.reload();
  });
  onConnection(() => {
    ledger.settle();
    ledger.report();
  });
  window.setInterval(() => ledger.report(), REPORT_EVERY_MS);
  window.setInterval(() => {
    ledger.settle();
    if (!video.paused) draw();
  }, DRAW_EVERY_MS);
  draw();
}

const data = readData<PlayerData>("player-data");
if (data) run(data);
