/**
 * A rehearsal of the lecturer's desk: the desk's own script, with a room that is played in this page instead of a
 * server. It stands before it and takes its socket and what it fetches of the room; slides are the lecture's own.
 */

import type { HostData } from "../host/page";
import type { Command, ErrorFrame, ServerFrame } from "../lib/frames";
import { byId, readData } from "../lib/page";
import type { Script } from "./cast";
import { Mirror } from "./mirror";
import { type Host, RehearsedRoom } from "./room";

interface RehearsalData {
  script: Script;
  host: Host;
  /** Of the lecture itself: a rehearsal ends when it begins. */
  real: string;
}

const ASK_REAL_MS = 10_000;

class Rehearsal {
  private readonly room: RehearsedRoom;
  private readonly mirror: Mirror;
  private readonly fetch = window.fetch.bind(window);
  private readonly pages = new Map<string, number>();
  private socket: RehearsedSocket | null = null;

  constructor(
    private readonly desk: HostData,
    private readonly data: RehearsalData,
  ) {
    this.mirror = new Mirror({
      answer: (sdp) => this.say({ t: "answer", sdp }),
      shown: (stream) => {
        byId<HTMLVideoElement>("look-video").srcObject = stream;
      },
      connected: () => this.say({ t: "link", pc: "pub", state: "connected" }),
    });
    this.room = new RehearsedRoom(data.script, data.host, {
      say: (frame) => this.say(frame),
      now: () => Date.now(),
      chance: () => Math.random(),
      pagesOf: (deck) => this.pages.get(deck) ?? 0,
      offered: (sdp, again) => void this.mirror.offered(sdp, again),
      candidate: (candidate) => this.mirror.candidate(candidate),
      hungUp: () => this.mirror.close(),
      isSeen: () => this.mirror.isUp(),
    });
  }

  start(): void {
    const room = this.room;
    window.WebSocket = playedSocket(
      (socket) => {
        this.socket = socket;
        room.join();
      },
      (command) => room.take(command),
    );
    // The fallback is a way through a network, and there is none here.
    Object.defineProperty(window, "MediaRecorder", { value: undefined });
    window.fetch = (asked, options) => this.answer(String(asked), options);
    window.setInterval(() => room.second(), 1000);
    window.setInterval(() => void this.look(), ASK_REAL_MS);
  }

  private say(frame: ServerFrame | ErrorFrame): void {
    this.socket?.say(frame);
  }

  private async answer(asked: string, options?: RequestInit): Promise<Response> {
    const { state, ticket, people, slides } = this.desk.urls;
    const url = new URL(asked, location.href);
    if (url.pathname === ticket) return json({ ticket: "rehearsal" });
    if (url.pathname === state) {
      const { slides_url, ends_at } = this.desk;
      return json({ ...this.room.told(), slides_url, ends_at });
    }
    if (url.pathname === people) {
      const of = url.searchParams;
      return json(
        this.room.listed(of.get("q") ?? "", Number(of.get("unit")), Number(of.get("page")), of.get("of") ?? ""),
      );
    }
    const answer = await this.fetch(asked, options);
    if (url.pathname === slides && answer.ok) {
      const { decks } = (await answer.clone().json()) as { decks: { deck: string; pages: number }[] };
      for (const { deck, pages } of decks) this.pages.set(deck, pages);
    }
    return answer;
  }

  /** The lecture itself has begun, or is called off: whoever rehearses is told, and finds the way. */
  private async look(): Promise<void> {
    const answer = await this.fetch(this.data.real, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer?.ok) return;
    const { state } = (await answer.json()) as { state: string };
    const over = byId("rehearsal-over");
    const isNews = over.hidden && state !== "scheduled";
    over.hidden = state === "scheduled";
    if (isNews) over.scrollIntoView();
  }
}

function json(body: unknown): Response {
  return new Response(JSON.stringify(body), { status: 200, headers: { "Content-Type": "application/json" } });
}

interface RehearsedSocket {
  say(frame: ServerFrame | ErrorFrame): void;
}

/** A WebSocket whose other end is this page; it opens in the next moment, as a real one does later. */
function playedSocket(opened: (socket: RehearsedSocket) => void, take: (command: Command) => void): typeof WebSocket {
  class Played extends EventTarget implements RehearsedSocket {
    static readonly OPEN = 1;
    readyState = 0;
    onmessage: ((event: { data: string }) => void) | null = null;
    onclose: ((event: { code: number }) => void) | null = null;

    constructor() {
      super();
      window.setTimeout(() => {
        this.readyState = Played.OPEN;
        opened(this);
      }, 0);
    }

    say(frame: ServerFrame | ErrorFrame): void {
      // What a server says comes later than what was asked, always.
      window.setTimeout(() => this.onmessage?.({ data: JSON.stringify(frame) }), 0);
    }

    send(text: string): void {
      take(JSON.parse(text) as Command);
    }

    close(): void {
      this.readyState = 3;
    }
  }
  return Played as unknown as typeof WebSocket;
}

const desk = readData<HostData>("host-data");
const data = readData<RehearsalData>("rehearsal-data");
if (desk && data) new Rehearsal(desk, data).start();
