/**
 * The stage on a member's page: who speaks, the invitation, one's own microphone with its connection, and a camera on
 * wish. The server says who is on the stage; the microphone is asked for when the person says yes, and let go when they
 * leave.
 */
import { type DeviceProblem, openCamera, openMicrophone, UnableToUseDevices } from "../host/devices";
import { Publisher } from "../host/publisher";
import { doubled } from "../lib/backoff";
import type { Command, ErrorFrame, OnStage, ServerFrame } from "../lib/frames";
import { byId, write } from "../lib/page";
import type { RoomWords } from "../lib/sentences";
import { fill } from "../lib/words";

export interface SpeakingEvents {
  send(command: Command): boolean;
  /** This page began to speak, or ceased. */
  changed(speaks: boolean): void;
  /** The lecture has a break. */
  isBreak(): boolean;
}

/** Why this page is on the stage no more; "": it never was, its person left, or it has been said. */
type Down = "down_break" | "down_host" | "down_lost" | "";

export interface StageFacts {
  speakers: OnStage[];
  you: number;
  /** This page has the microphone that is heard. */
  isHere: boolean;
}

/** What the page shows of the stage: nothing of one's own, an invitation, one's own voice here, or on another device. */
export function ownPart({ speakers, you, isHere }: StageFacts): "" | "invited" | "here" | "elsewhere" {
  const mine = speakers.find((one) => one.member === you);
  if (!mine) return "";
  if (!mine.on) return "invited";
  return isHere ? "here" : "elsewhere";
}

/** What is said to who is on the stage; ``asked``: how it stands with the microphone that is to be opened here. */
export function onStageWord(
  part: ReturnType<typeof ownPart>,
  isOpen: boolean,
  asked: keyof RoomWords | "",
): keyof RoomWords {
  // Another device speaks, or this page was loaded anew: a browser opens no microphone without a tap.
  if (part === "elsewhere") return asked || "stage_elsewhere";
  if (isOpen) return "stage_heard";
  return "stage_mute";
}

/** The names of those who are heard: whoever has closed the microphone is not. A server that is replaced does not say. */
export function namesOf(speakers: OnStage[]): string {
  return speakers
    .filter((one) => one.on && one.sound !== false)
    .map((one) => one.name)
    .join("、");
}

/** Whose picture is the lecture's; null: the lecturer's. */
export function shownOf(speakers: OnStage[]): OnStage | null {
  return speakers.find((one) => one.on && one.shown) ?? null;
}

/** Whether the lecture's picture is the same person's. */
export function isSamePicture(now: OnStage[], before: OnStage[]): boolean {
  return shownOf(now)?.member === shownOf(before)?.member;
}

/** What a publisher says, of the connection of a speaker. */
export function asTalk(command: Command): Command {
  if (command.t === "offer") return { t: "speak", sdp: command.sdp, again: command.again };
  return command.t === "candidate" ? { ...command, pc: "talk" } : command;
}

const PROBLEMS: Record<DeviceProblem, keyof RoomWords> = {
  insecure: "mic_insecure",
  unsupported: "mic_unsupported",
  denied: "mic_denied",
  no_device: "mic_missing",
  no_microphone: "mic_missing",
  device_busy: "mic_busy",
};
const CAMERA: Record<DeviceProblem, keyof RoomWords> = {
  insecure: "mic_insecure",
  unsupported: "camera_missing",
  denied: "camera_denied",
  no_device: "camera_missing",
  no_microphone: "camera_missing",
  device_busy: "camera_busy",
};
const BITRATE = 500_000; // what a phone on the country's network can spare beside what it receives
const AGAIN = { first: 1000, longest: 8000 };
const DOWN_SAID_MS = 60_000;

export class Speaking {
  private speakers: OnStage[] = [];
  private stream: MediaStream | null = null;
  private camera: MediaStreamTrack | null = null;
  private isOpening = false;
  private cameraProblem: keyof RoomWords | "" = "";
  private isHere = false;
  /** The microphone is being asked for, or the answer of the server is awaited. */
  private isComing = false;
  private problem: keyof RoomWords | "" = "";
  private tries = 0;
  private timer = 0;
  private down: Down = "";
  private downTimer = 0;
  private readonly publisher: Publisher;

  constructor(
    private readonly words: RoomWords,
    private readonly you: number,
    private readonly events: SpeakingEvents,
  ) {
    this.publisher = new Publisher({
      send: (command) => events.send(asTalk(command)),
      connected: () => {
        this.tries = 0;
      },
      failed: () => this.later(),
    });
    this.publisher.bitrate = BITRATE;
    for (const id of ["step-up", "talk-here"]) byId(id).addEventListener("click", () => void this.come());
    byId("step-no").addEventListener("click", () => this.leave());
    byId("step-down").addEventListener("click", () => this.leave());
    byId("talk-mic").addEventListener("click", () => this.toggle());
    byId("talk-camera").addEventListener("click", () => void this.toggleCamera());
  }

  /** The socket is open: what goes on is taken up again. */
  joined(speakers: OnStage[]): void {
    this.told(speakers, "down_lost");
    if (!this.isHere) return;
    this.tell();
    const { key } = this.publisher;
    if (!this.publisher.canResume() || !this.events.send({ t: "reclaim", pc: "talk", key })) void this.speak();
  }

  /** Whether the lecture's picture is still the one that was told last: a connection is taken up again for no other. */
  showsAs(speakers: OnStage[]): boolean {
    return isSamePicture(speakers, this.speakers);
  }

  /** The whole stage, as it is now. */
  told(speakers: OnStage[], down: Down = "down_host"): void {
    this.speakers = speakers;
    const part = this.part();
    if (part === "") this.problem = "";
    if (part !== "") this.say("");
    else if (this.isHere) this.say(down);
    if ((part === "" || part === "invited") && this.isHere) this.stop();
    else if (part === "") this.letGo();
    this.show();
  }

  frame(frame: ServerFrame): void {
    if (frame.t === "may_speak") {
      this.publisher.relays = frame.ice;
      this.isComing = false;
      if (!this.stream) return;
      this.isHere = true;
      this.events.changed(true);
      this.tell();
      void this.speak();
    } else if (frame.t === "answer") void this.publisher.answered(frame.sdp);
    else if (frame.t === "held" && frame.pc === "talk") this.publisher.key = frame.key;
    else if (frame.t === "link" && frame.pc === "talk") this.link(frame.state);
    this.show();
  }

  refused({ t, error }: ErrorFrame): void {
    if (t === "step_up") {
      this.letGo();
      this.problem = error === "not_invited" ? "invitation_over" : "try_again";
    } else if (t === "speak" || t === "reclaim") {
      if (error !== "not_invited") this.later();
    }
    this.show();
  }

  /** Out of the room, or it is over: whatever is said of that says it all. */
  ends(): void {
    this.told([], "");
    this.say("");
    this.show();
  }

  private say(down: Down): void {
    window.clearTimeout(this.downTimer);
    this.down = down;
    if (!down) return;
    this.downTimer = window.setTimeout(() => {
      this.down = "";
      this.show();
    }, DOWN_SAID_MS);
  }

  private stop(): void {
    const spoke = this.isHere;
    this.isHere = false;
    window.clearTimeout(this.timer);
    this.publisher.stop();
    this.letGo();
    if (spoke) this.events.changed(false);
    this.show();
  }

  private part(): ReturnType<typeof ownPart> {
    return ownPart({ speakers: this.speakers, you: this.you, isHere: this.isHere });
  }

  private async come(): Promise<void> {
    if (this.isComing) return;
    this.isComing = true;
    this.problem = "";
    this.show();
    try {
      const stream = await openMicrophone();
      // Taken back while the browser asked the person.
      if (this.part() === "") for (const track of stream.getTracks()) track.stop();
      else if (!this.events.send({ t: "step_up" })) {
        for (const track of stream.getTracks()) track.stop();
        this.fails("try_again");
      } else this.opened(stream);
    } catch (error) {
      if (!(error instanceof UnableToUseDevices)) throw error;
      this.fails(PROBLEMS[error.problem]);
    }
    this.show();
  }

  private opened(stream: MediaStream): void {
    this.stream = stream;
    for (const track of stream.getTracks()) {
      track.onended = () => {
        this.leave();
        this.problem = "mic_missing";
        this.show();
      };
    }
  }

  private fails(word: keyof RoomWords): void {
    this.isComing = false;
    this.problem = word;
  }

  /** No, or no more. */
  private leave(): void {
    if (this.events.send({ t: "step_down" })) this.stop();
    else {
      this.problem = "try_again";
      this.show();
    }
  }

  private toggle(): void {
    const track = this.stream?.getAudioTracks()[0];
    if (track) track.enabled = !track.enabled;
    this.tell();
    this.show();
  }

  /** What is sent from here; lost with the line it is said again with the next one. */
  private tell(): void {
    const sound = this.stream?.getAudioTracks()[0]?.enabled ?? false;
    this.events.send({ t: "sending", sound, picture: this.camera !== null });
  }

  private async toggleCamera(): Promise<void> {
    this.cameraProblem = "";
    if (this.camera) await this.closeCamera();
    else await this.openCamera();
    this.show();
  }

  private async openCamera(): Promise<void> {
    if (this.isOpening) return;
    this.isOpening = true;
    try {
      const camera = await openCamera();
      // Taken down while the browser asked the person.
      if (!this.isHere) return camera.stop();
      this.camera = camera;
      camera.onended = () => void this.closeCamera().then(() => this.show());
      await this.publisher.replacePicture(camera);
      this.tell();
    } catch (error) {
      if (!(error instanceof UnableToUseDevices)) throw error;
      this.cameraProblem = CAMERA[error.problem];
    } finally {
      this.isOpening = false;
    }
  }

  private async closeCamera(): Promise<void> {
    this.dropCamera();
    this.tell();
    await this.publisher.replacePicture(null);
  }

  private dropCamera(): void {
    if (this.camera) {
      this.camera.onended = null;
      this.camera.stop();
    }
    this.camera = null;
  }

  private async speak(): Promise<void> {
    window.clearTimeout(this.timer);
    if (!this.isHere || !this.stream) return;
    await this.publisher.start(this.stream, this.camera ?? "later");
    if (!this.publisher.isActive()) this.later();
  }

  private link(state: string): void {
    if (!this.isHere) return;
    if (state === "resumed") this.publisher.resumed();
    else if (state === "gone" || state === "hung_up") this.later();
    // Another device of the same person speaks now.
    else if (state === "replaced") this.stop();
  }

  private later(): void {
    window.clearTimeout(this.timer);
    this.publisher.stop();
    if (!this.isHere) return;
    this.timer = window.setTimeout(() => void this.speak(), doubled(this.tries, AGAIN));
    this.tries += 1;
  }

  private letGo(): void {
    this.isComing = false;
    this.cameraProblem = "";
    this.dropCamera();
    for (const track of this.stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    this.stream = null;
  }

  private show(): void {
    const part = this.part();
    // On a small phone the picture gives way to these keys (styles/room/stage.css).
    document.body.classList.toggle("room-staged", part !== "");
    const names = namesOf(this.speakers);
    const shown = shownOf(this.speakers);
    if (this.down && this.events.isBreak()) this.down = "down_break";
    const said = [
      this.down && fill(this.words, this.down),
      names && fill(this.words, "speaking", { names }),
      shown && shown.member !== this.you ? fill(this.words, "picture_of", { name: shown.name }) : "",
    ].filter((one) => one !== "");
    byId("speaking").hidden = said.length === 0;
    write(byId("speaking"), said.join(" · "));
    byId("invited").hidden = part !== "invited";
    const asked = this.isComing ? "mic_asking" : this.problem;
    write(byId("invited-text"), fill(this.words, asked || "invited"));
    byId<HTMLButtonElement>("step-up").disabled = this.isComing;
    byId("on-stage").hidden = part !== "here" && part !== "elsewhere";
    const isOpen = this.stream?.getAudioTracks()[0]?.enabled ?? false;
    write(byId("on-stage-text"), fill(this.words, onStageWord(part, isOpen, asked)));
    byId("talk-here").hidden = part !== "elsewhere";
    byId<HTMLButtonElement>("talk-here").disabled = this.isComing;
    byId("talk-mic").hidden = part !== "here";
    byId("talk-mic").textContent = fill(this.words, isOpen ? "mic_close" : "mic_open");
    this.showCamera(part === "here", shown?.member === this.you);
  }

  private showCamera(isHere: boolean, isShown: boolean): void {
    const key = byId<HTMLButtonElement>("talk-camera");
    key.hidden = !isHere;
    key.disabled = this.isOpening;
    key.textContent = fill(this.words, this.camera ? "camera_close" : "camera_open");
    byId("talk-view").hidden = !isHere || !(this.camera || this.cameraProblem);
    const video = byId<HTMLVideoElement>("talk-video");
    video.hidden = !this.camera;
    const said = isShown ? fill(this.words, "stage_shown") : fill(this.words, "stage_unshown");
    write(byId("talk-shown"), this.camera || !this.cameraProblem ? said : fill(this.words, this.cameraProblem));
    const now = (video.srcObject as MediaStream | null)?.getVideoTracks()[0] ?? null;
    if (now === this.camera) return;
    video.srcObject = this.camera ? new MediaStream([this.camera]) : null;
    video.muted = true;
    if (this.camera) void video.play().catch(() => undefined);
  }
}
