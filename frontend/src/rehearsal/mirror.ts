/** The other end of the host's picture, in the same page: what goes out comes back, as the audience would see it. */
import { onState, stateOf } from "../lib/peer";

const GATHERED_MS = 1500;

export class Mirror {
  private pc: RTCPeerConnection | null = null;
  private early: RTCIceCandidateInit[] = [];

  constructor(
    private readonly events: {
      answer(sdp: string): void;
      shown(stream: MediaStream | null): void;
      connected(): void;
    },
  ) {}

  isUp(): boolean {
    return this.pc !== null && stateOf(this.pc) === "connected";
  }

  async offered(sdp: string, again: boolean): Promise<void> {
    if (!again) this.close();
    const pc = this.pc ?? this.begin();
    await pc.setRemoteDescription({ type: "offer", sdp });
    for (const candidate of this.early.splice(0)) await pc.addIceCandidate(candidate);
    await pc.setLocalDescription(await pc.createAnswer());
    await gathered(pc);
    if (this.pc === pc && pc.localDescription) this.events.answer(pc.localDescription.sdp);
  }

  candidate(candidate: RTCIceCandidateInit | null): void {
    if (!candidate) return;
    if (this.pc?.remoteDescription) void this.pc.addIceCandidate(candidate).catch(() => undefined);
    else this.early.push(candidate);
  }

  close(): void {
    const { pc } = this;
    this.pc = null;
    this.early = [];
    pc?.close();
    this.events.shown(null);
  }

  private begin(): RTCPeerConnection {
    const pc = new RTCPeerConnection();
    this.pc = pc;
    pc.ontrack = (event) => {
      if (this.pc === pc && event.streams[0]) this.events.shown(event.streams[0]);
    };
    onState(pc, () => {
      if (this.pc === pc && stateOf(pc) === "connected") this.events.connected();
    });
    return pc;
  }
}

/** All ways of this machine are known: there is no server that would hear of later ones. */
function gathered(pc: RTCPeerConnection): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      if (pc.iceGatheringState === "complete") resolve();
    };
    pc.onicegatheringstatechange = done;
    window.setTimeout(resolve, GATHERED_MS);
    done();
  });
}
