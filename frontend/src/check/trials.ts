/** The trials themselves. Each answers in its own time, whatever happens; none throws. */
import { type DeviceProblem, type Meter, openMicrophone, UnableToUseDevices } from "../host/devices";
import { abilities, choose, chooseWithout, loadHls, type Way } from "../lib/hls";
import { send } from "../lib/http";
import { newPeer } from "../lib/peer";
import { drewNothing } from "../player/buffer";
import { feed } from "../player/stream";
import { canReceive } from "../room/receiver";
import { type Found, type Played, speed, split } from "./judge";

const PLAY_MS = 15_000;
const PLAYED_S = 1;
const LINE_MS = 20_000;
const WAY_MS = 8000;
const SOCKET_MS = 10_000;
const SPEAK_MS = 5000;
const LOOK_MS = 100;

export interface CheckAddresses {
  list: string;
  sound: string;
  bytes: string;
  script: string;
  socket: string;
  relays: string;
}

/** What `run` answers first, or what `late` says once the time is over. */
function within<T>(ms: number, late: () => T, run: (answer: (found: T) => void) => void): Promise<T> {
  return new Promise((resolve) => {
    window.setTimeout(() => resolve(late()), ms);
    try {
      run(resolve);
    } catch {
      resolve(late());
    }
  });
}

/** The sample, by the way that a room's delayed picture comes. Call it in the tap: iOS lets it sound only then. */
export class Sample {
  private way: Way = "none";
  private release: (() => void) | null = null;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly at: CheckAddresses,
  ) {}

  async play(): Promise<{ way: Way; played: Played }> {
    const { video } = this;
    this.release?.();
    this.release = null;
    this.way = choose(this.at.list, abilities(video), true);
    if (this.way === "library") {
      // An element that was told to play within a tap may be told so later.
      void Promise.resolve(video.play()).catch(() => undefined);
      const Hls = await loadHls(this.at.script);
      if (Hls?.isSupported()) return this.watch(() => this.feed(Hls));
      const other = chooseWithout(Hls ? "unsupported" : "missing", abilities(video), true);
      if (other === "wait") return { way: "library", played: "line" };
      this.way = other;
    }
    return this.watch(() => {
      video.src = this.way === "sound" ? this.at.sound : this.at.list;
    });
  }

  private feed(Hls: Parameters<typeof feed>[1]): void {
    const film = { url: this.at.list, at: 0, isLite: false };
    const hls = feed(this.video, Hls, film, { loaded: () => undefined, problem: () => undefined });
    this.release = () => hls.destroy();
  }

  private async watch(begin: () => void): Promise<{ way: Way; played: Played }> {
    const { video, way } = this;
    const late = (): Played => (video.readyState < 2 && !video.error ? "line" : "still");
    let timer = 0;
    const played = await within<Played>(PLAY_MS, late, (answer) => {
      timer = window.setInterval(() => {
        if (video.currentTime < PLAYED_S && !video.ended) return;
        answer(way !== "sound" && drewNothing(video) ? "still" : "moved");
      }, LOOK_MS);
      begin();
      void Promise.resolve(video.play()).catch((error: unknown) => {
        if (error instanceof DOMException && error.name === "NotAllowedError") answer("blocked");
      });
    });
    window.clearInterval(timer);
    return { way, played };
  }
}

/** Kilobits a second of a small file that no cache gives; null: it did not come. */
export function tryLine(url: string): Promise<number | null> {
  return within<number | null>(
    LINE_MS,
    () => null,
    (answer) => {
      const began = performance.now();
      fetch(url, { cache: "no-store", credentials: "same-origin" })
        .then((response) => (response.ok ? response.arrayBuffer() : null))
        .then((body) => answer(body ? speed(body.byteLength, performance.now() - began) : null))
        .catch(() => answer(null));
    },
  );
}

/** Whether a candidate of that kind is found. */
function gathers(servers: RTCIceServer[], relayed: boolean): Promise<boolean> {
  let pc: RTCPeerConnection | null = null;
  return within<boolean>(
    WAY_MS,
    () => false,
    (answer) => {
      const made = newPeer(servers, relayed ? "relay" : "all");
      pc = made;
      made.onicecandidate = ({ candidate }) => {
        if (!candidate) answer(false);
        else if (relayed || / udp /i.test(candidate.candidate)) answer(true);
      };
      made.createDataChannel("check");
      made
        .createOffer()
        .then((offer) => made.setLocalDescription(offer))
        .catch(() => answer(false));
    },
  ).then((found) => {
    pc?.close();
    return found;
  });
}

export async function tryWay(url: string): Promise<Found> {
  const found: Found = { able: canReceive(), relays: null, udp: false, other: false };
  if (!found.able) return found;
  try {
    const { relays } = await send<{ relays: RTCIceServer[] }>(url, undefined, { retries: 1 });
    if (relays.length === 0) return { ...found, relays: false, udp: await gathers([], false) };
    const { udp, other } = split(relays);
    const [byUdp, byOther] = await Promise.all([
      udp.length ? gathers(udp, true) : Promise.resolve(false),
      other.length ? gathers(other, true) : Promise.resolve(false),
    ]);
    return { ...found, relays: true, udp: byUdp, other: byOther };
  } catch {
    return found;
  }
}

/** Whether a socket opens: the server closes it again at once, for it asks into no room. */
export function trySocket(path: string): Promise<boolean> {
  return within<boolean>(
    SOCKET_MS,
    () => false,
    (answer) => {
      const scheme = location.protocol === "https:" ? "wss:" : "ws:";
      const socket = new WebSocket(`${scheme}//${location.host}${path}`);
      socket.onopen = () => {
        answer(true);
        socket.close();
      };
      socket.onerror = () => answer(false);
      socket.onclose = () => answer(false);
    },
  );
}

/**
 * The loudest of some seconds, 0 to 1; null where nothing could be measured; or why there was nothing to hear. `level`
 * is told what is heard.
 */
export async function tryMicrophone(
  meter: Meter,
  level: (now: number) => void,
): Promise<number | null | DeviceProblem> {
  let stream: MediaStream;
  try {
    stream = await openMicrophone();
  } catch (error) {
    return error instanceof UnableToUseDevices ? error.problem : "no_device";
  }
  try {
    meter.listen(stream);
  } catch {
    // Nothing can be measured.
  }
  let loudest: number | null = null;
  const timer = window.setInterval(() => {
    const now = meter.level();
    if (now === null) return;
    loudest = Math.max(loudest ?? 0, now);
    level(now);
  }, LOOK_MS);
  await new Promise((resolve) => window.setTimeout(resolve, SPEAK_MS));
  // Before anything else is said: another look would take the sentence back.
  window.clearInterval(timer);
  for (const track of stream.getTracks()) track.stop();
  return loudest;
}
