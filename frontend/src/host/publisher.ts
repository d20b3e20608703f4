/**
 * Puts the lecturer's stream on air: one connection out, H264 first (what phones decode in hardware and HLS copies),
 * resolution before frame rate (slides must stay readable). The server answers; whatever breaks is begun again.
 */
import type { CandidateInit, Command } from "../lib/frames";
import { newPeer, onState, stateOf } from "../lib/peer";

const PATIENCE_MS = 10_000;
// A line that is lost for so long gets another way through the network; most are back before.
const RESTART_AFTER_MS = 2000;

export interface PublisherEvents {
  send(command: Command): boolean;
  /** The connection is up, or it has failed and should be made anew. */
  connected(): void;
  failed(): void;
  /** Nothing goes through just now: it comes back by itself (`connected`), or fails. */
  lost?(): void;
}

export class Publisher {
  /** Relays of this page's socket; they go into the next connection. */
  relays: RTCIceServer[] = [];
  /** By which the server knows this connection on another socket; "" before it has said so. */
  key = "";
  private pc: RTCPeerConnection | null = null;
  /** The most that the picture takes, in bit/s. */
  bitrate = 800_000;
  private timer = 0;
  private pictureSender: RTCRtpSender | null = null;
  private soundSender: RTCRtpSender | null = null;
  private early: (CandidateInit | null)[] = [];
  private offered = false;

  constructor(private readonly events: PublisherEvents) {}

  isUp(): boolean {
    return this.pc !== null && stateOf(this.pc) === "connected";
  }

  isActive(): boolean {
    return this.pc !== null;
  }

  /** Whether there is a connection that the server may still have. */
  canResume(): boolean {
    return this.pc !== null && this.key !== "" && stateOf(this.pc) !== "closed";
  }

  /** The server has it: whatever happened to the line meanwhile, media go on. */
  resumed(): void {
    if (this.pc && !this.isUp()) void this.restart();
  }

  /** ICE restart: the same connection by another way, after a change from Wi-Fi to mobile. */
  async restart(): Promise<void> {
    const pc = this.pc;
    if (pc?.signalingState !== "stable") return;
    this.offered = false;
    this.early = [];
    try {
      const offer = await pc.createOffer({ iceRestart: true });
      await pc.setLocalDescription(offer);
      if (this.pc !== pc) return;
      // Without a socket it waits for the next one, which resumes or begins anew.
      if (this.events.send({ t: "offer", sdp: offer.sdp ?? "", again: true })) this.patient(pc);
      else await pc.setLocalDescription({ type: "rollback" });
    } catch {
      if (this.pc === pc) this.fail();
    }
  }

  /**
   * ``picture``: "later" keeps a place for one, which ``replacePicture`` fills without a new connection; ``soundLater``
   * keeps one for sound.
   */
  async start(stream: MediaStream, picture: MediaStreamTrack | "later" | null, soundLater = false): Promise<void> {
    this.stop();
    const pc = newPeer(this.relays);
    this.pc = pc;
    this.offered = false;
    this.early = [];
    pc.onicecandidate = (event) => this.trickle(pc, event.candidate);
    onState(pc, () => this.changed(pc));
    const sound = stream.getAudioTracks()[0] ?? (soundLater ? "audio" : undefined);
    if (sound) this.soundSender = pc.addTransceiver(sound, { direction: "sendonly", streams: [stream] }).sender;
    if (picture) await this.addPicture(pc, picture, stream);
    const offer = await pc.createOffer();
    await pc.setLocalDescription(offer);
    if (this.pc !== pc) return;
    if (!this.events.send({ t: "offer", sdp: offer.sdp ?? "", again: false })) return this.stop();
    this.patient(pc);
  }

  private patient(pc: RTCPeerConnection): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      if (this.pc === pc && !this.isUp()) this.fail();
    }, PATIENCE_MS);
  }

  async answered(sdp: string): Promise<void> {
    const pc = this.pc;
    if (pc?.signalingState !== "have-local-offer") return;
    try {
      await pc.setRemoteDescription({ type: "answer", sdp });
    } catch {
      this.fail();
      return;
    }
    // The server knows this connection only now.
    this.offered = true;
    for (const candidate of this.early.splice(0)) this.events.send({ t: "candidate", pc: "pub", candidate });
  }

  async replacePicture(track: MediaStreamTrack | null): Promise<void> {
    await this.pictureSender?.replaceTrack(track);
  }

  async replaceSound(track: MediaStreamTrack | null): Promise<void> {
    await this.soundSender?.replaceTrack(track);
  }

  /** The picture takes no more than that, in bit/s. */
  async limit(maxBitrate: number): Promise<void> {
    const sender = this.pictureSender;
    const parameters = sender?.getParameters();
    const [encoding] = parameters?.encodings ?? [];
    if (!sender || !parameters || !encoding || encoding.maxBitrate === maxBitrate) return;
    encoding.maxBitrate = maxBitrate;
    await sender.setParameters(parameters).catch(() => undefined);
  }

  stop(): void {
    window.clearTimeout(this.timer);
    const pc = this.pc;
    this.pc = null;
    this.key = "";
    this.pictureSender = null;
    this.soundSender = null;
    pc?.close();
  }

  private async addPicture(
    pc: RTCPeerConnection,
    track: MediaStreamTrack | "later",
    stream: MediaStream,
  ): Promise<void> {
    const transceiver = pc.addTransceiver(track === "later" ? "video" : track, {
      direction: "sendonly",
      streams: [stream],
      sendEncodings: [{ maxBitrate: this.bitrate }],
    });
    this.pictureSender = transceiver.sender;
    const codecs = RTCRtpSender.getCapabilities?.("video")?.codecs;
    if (codecs && "setCodecPreferences" in transceiver) {
      const first = codecs.filter((codec) => codec.mimeType.toLowerCase() === "video/h264");
      transceiver.setCodecPreferences([...first, ...codecs.filter((codec) => !first.includes(codec))]);
    }
    const parameters = transceiver.sender.getParameters() as RTCRtpSendParameters & { degradationPreference?: string };
    parameters.degradationPreference = "maintain-resolution";
    // Older browsers refuse what they do not know; the picture goes out all the same.
    await transceiver.sender.setParameters(parameters).catch(() => undefined);
  }

  private trickle(pc: RTCPeerConnection, found: RTCIceCandidate | null): void {
    if (this.pc !== pc) return;
    const candidate: CandidateInit | null = found && {
      candidate: found.candidate,
      sdpMid: found.sdpMid,
      sdpMLineIndex: found.sdpMLineIndex,
    };
    if (this.offered) this.events.send({ t: "candidate", pc: "pub", candidate });
    else this.early.push(candidate);
  }

  private changed(pc: RTCPeerConnection): void {
    if (this.pc !== pc) return;
    const state = stateOf(pc);
    if (state === "connected") {
      window.clearTimeout(this.timer);
      this.events.connected();
    } else if (state === "disconnected") {
      this.events.lost?.();
      if (!this.key) return;
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(() => this.resumed(), RESTART_AFTER_MS);
    } else if (state === "failed") {
      if (this.key) void this.restart();
      else this.fail();
    }
  }

  private fail(): void {
    this.stop();
    this.events.failed();
  }
}
