/** The lecturer's picture by WebRTC: the server offers, this browser answers. */
import type { CandidateInit, Command } from "../lib/frames";
import { newPeer, onState, stateOf } from "../lib/peer";

export interface ReceiverEvents {
  send(command: Command): boolean;
  /** The picture and the first sound. */
  stream(stream: MediaStream): void;
  /** Each further sound, of a speaker on the stage, is played here; else whoever asked plays all that comes. */
  playsVoices?: true;
  isMuted(): boolean;
  failed(): void;
  /** This browser has no decoder for the picture that is offered; it could have the sound. Asked by who wants both. */
  unable?(): void;
  /** It was up, and its way through the network is lost. */
  lost(): void;
}

export function canReceive(): boolean {
  return typeof RTCPeerConnection === "function" && "getTransceivers" in RTCPeerConnection.prototype;
}

/** The picture that comes: of several places for one, as another's was chosen, the one that is open, and last made. */
export function currentPicture(all: RTCRtpTransceiver[]): MediaStreamTrack | null {
  const open = all.filter((one) => one.receiver.track.kind === "video" && one.currentDirection === "recvonly");
  return open[open.length - 1]?.receiver.track ?? null;
}

/** How many pictures a description refuses: Firefox has H.264 on a line only once it has fetched a module from abroad. */
function refused(sdp = ""): number {
  return (sdp.match(/^m=video 0 /gm) ?? []).length;
}

// A line that is lost for so long is begun again; most are back before.
const LOST_AFTER_MS = 2000;

export class Receiver {
  pc: RTCPeerConnection | null = null;
  relays: RTCIceServer[] = [];
  /** By which the server knows this connection on another socket; "" before it has said so. */
  key = "";
  private timer = 0;
  private stream: MediaStream | null = null;
  /** Found before the answer went out: the server knows this connection only with it. */
  private early: RTCIceCandidateInit[] = [];
  /** A video element plays one sound of its stream, in some browsers: the others have elements of their own. */
  private voices = new Map<string, HTMLAudioElement>();

  constructor(private readonly events: ReceiverEvents) {}

  async offered(sdp: string, soundOnly: () => boolean): Promise<void> {
    try {
      const pc = this.pc ?? this.connect(soundOnly);
      await pc.setRemoteDescription({ type: "offer", sdp });
      for (const transceiver of pc.getTransceivers()) {
        // Sound alone: say in the answer that the picture is not wanted, and the server does not send it.
        const wanted = !(soundOnly() && transceiver.receiver.track.kind === "video");
        if (transceiver.currentDirection !== "stopped") transceiver.direction = wanted ? "recvonly" : "inactive";
      }
      const answer = await pc.createAnswer();
      const { unable } = this.events;
      if (unable && !soundOnly() && refused(answer.sdp) > refused(sdp)) {
        if (this.pc === pc) unable();
        return;
      }
      await pc.setLocalDescription(answer);
      if (this.pc !== pc) return;
      this.showCurrent(pc);
      this.events.send({ t: "answer", sdp: answer.sdp ?? "" });
      for (const one of this.early.splice(0)) this.trickle(one);
    } catch {
      this.events.failed();
    }
  }

  /** The socket is back: ask for what this connection was. Returns whether there is one to ask for. */
  resume(): boolean {
    const isThere = this.pc !== null && stateOf(this.pc) === "connected" && this.key !== "";
    return isThere && this.events.send({ t: "reclaim", pc: "sub", key: this.key });
  }

  /** After a tap: the browser lets everything play. */
  playVoices(): void {
    for (const voice of Array.from(this.voices.values())) {
      voice.muted = this.events.isMuted();
      void voice.play().catch(() => undefined);
    }
  }

  close(): void {
    const { pc } = this;
    for (const voice of Array.from(this.voices.values())) voice.srcObject = null;
    this.voices.clear();
    this.stream = null;
    window.clearTimeout(this.timer);
    this.pc = null;
    this.key = "";
    this.early = [];
    pc?.close();
  }

  private connect(soundOnly: () => boolean): RTCPeerConnection {
    const pc = newPeer(this.relays);
    this.pc = pc;
    const stream = new MediaStream();
    this.stream = stream;
    pc.ontrack = (event) => {
      // A picture that never comes would hold up the sound.
      if (soundOnly() && event.track.kind === "video") return;
      const [first] = stream.getAudioTracks();
      if (event.track.kind === "audio" && first && first !== event.track) this.addVoice(event.track);
      else stream.addTrack(event.track);
      this.events.stream(stream);
    };
    pc.onicecandidate = (event) => {
      if (this.pc !== pc) return;
      const candidate = event.candidate ? event.candidate.toJSON() : null;
      if (candidate && !pc.localDescription) this.early.push(candidate);
      else this.trickle(candidate);
    };
    onState(pc, () => this.changed(pc));
    return pc;
  }

  /** The picture may be another's now, on a track of its own: an element shows the first that its stream has. */
  private showCurrent(pc: RTCPeerConnection): void {
    const { stream } = this;
    const track = currentPicture(pc.getTransceivers());
    const had = stream?.getVideoTracks() ?? [];
    if (!stream || !track || (had.length === 1 && had[0] === track)) return;
    for (const other of had) stream.removeTrack(other);
    stream.addTrack(track);
    this.events.stream(stream);
  }

  private addVoice(track: MediaStreamTrack): void {
    if (!this.events.playsVoices) return;
    const voice = this.voices.get(track.id) ?? new Audio();
    voice.srcObject = new MediaStream([track]);
    this.voices.set(track.id, voice);
    this.playVoices();
  }

  private changed(pc: RTCPeerConnection): void {
    if (this.pc !== pc) return;
    window.clearTimeout(this.timer);
    const state = stateOf(pc);
    if (state === "failed") {
      if (this.key) this.events.lost();
      else this.events.failed();
    } else if (state === "disconnected") {
      this.timer = window.setTimeout(() => this.events.lost(), LOST_AFTER_MS);
    }
  }

  private trickle(candidate: RTCIceCandidateInit | null): void {
    const plain: CandidateInit | null = candidate && {
      candidate: candidate.candidate ?? "",
      sdpMid: candidate.sdpMid ?? null,
      sdpMLineIndex: candidate.sdpMLineIndex ?? null,
    };
    this.events.send({ t: "candidate", pc: "sub", candidate: plain });
  }
}
