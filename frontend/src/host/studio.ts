/** The lecturer's camera, microphone and screen as the page holds them: opened, chosen, looked at, let go. */
import { byId, write } from "../lib/page";
import type { HostWords } from "../lib/sentences";
import { recall, remember } from "../lib/storage";
import { fill } from "../lib/words";
import { Card } from "./card";
import { Corner } from "./corner";
import {
  canShareScreen,
  type DeviceProblem,
  isScreenKept,
  listDevices,
  Meter,
  NO_CAMERA,
  openDevices,
  openScreen,
  UnableToUseDevices,
} from "./devices";
import { Mixer } from "./mixing";
import { Opening } from "./opening";

export interface StudioEvents {
  /** What the page shows of the devices may be another. */
  changed(): void;
  /** Other devices are open: what is on the air must be changed, too. */
  opened(stream: MediaStream): Promise<void>;
  /** Another picture and another sound: a screen, or the camera again. */
  picture(picture: MediaStreamTrack | null, sound: MediaStreamTrack | null): Promise<void>;
}

const CHOSEN = "devices";
const WITH_FACE = "screen-with-face";
const SHARES = "shares-screen";
const METER_MS = 100;
const SILENT_AFTER_MS = 8000;
const LEAST_LEVEL = 0.02;

export class Studio {
  /** Why there are no devices; "asking" while the browser asks the person. */
  problem: DeviceProblem | "asking" | "" = "";
  /** What is open; null before, and after the end. */
  stream: MediaStream | null = null;
  private screen: MediaStreamTrack | null = null;
  private screenSound: MediaStreamTrack | null = null;
  private mixed: MediaStreamTrack | null = null;
  private readonly mixer = new Mixer();
  private readonly opening = new Opening();
  private readonly sharing = new Opening();
  /** What was chosen in this browser before; unplugged since, the next best is opened. */
  private chosen = recall("localStorage", CHOSEN, { camera: "", microphone: "" });
  private heardSoundAt = performance.now();
  private readonly preview = byId<HTMLVideoElement>("preview");
  private readonly camera = byId<HTMLSelectElement>("camera");
  private readonly microphone = byId<HTMLSelectElement>("microphone");
  private readonly meter = new Meter();
  private readonly card: Card;
  private readonly corner = new Corner(() => void this.tooSlow());
  private withFace: boolean = Corner.isPossible() && recall("localStorage", WITH_FACE, false);
  private isTooSlow = false;
  /** The microphone was closed by its key: whatever is opened in its place is closed, too. */
  private isQuiet = false;
  /** This page shared a screen before it was loaded anew: a browser gives it to no page unasked. */
  private hasLostScreen: boolean = recall("sessionStorage", SHARES, false);
  /** The last time it was asked for, no screen came. */
  private isScreenKept = false;

  constructor(
    private readonly words: HostWords,
    title: string,
    private readonly events: StudioEvents,
  ) {
    remember("sessionStorage", SHARES, null);
    this.card = new Card(title, fill(words, "voice_only"));
    byId("retry").addEventListener("click", () => void this.open());
    byId("mic").addEventListener("click", () => this.toggleMicrophone());
    byId("screen-share").addEventListener("click", () => void this.toggleScreen());
    byId("face").addEventListener("click", () => void this.toggleFace());
    for (const select of [this.camera, this.microphone]) {
      select.addEventListener("change", () => {
        this.chosen = { camera: this.camera.value, microphone: this.microphone.value };
        remember("localStorage", CHOSEN, this.chosen);
        void this.open();
      });
    }
    window.setInterval(() => this.showLevel(), METER_MS);
  }

  /** Open what is chosen, or whatever there is; `problem` says why not. */
  async open(): Promise<void> {
    this.problem = "asking";
    this.events.changed();
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    let stream: MediaStream | null;
    try {
      stream = await this.opening.ask(() => openDevices(this.chosen.camera, this.chosen.microphone));
    } catch (error) {
      if (!(error instanceof UnableToUseDevices)) throw error;
      this.stream = null;
      this.problem = error.problem;
      this.events.changed();
      return;
    }
    if (!stream) return;
    this.stream = stream;
    for (const track of stream.getAudioTracks()) track.enabled = !this.isQuiet;
    this.problem = "";
    // Unplugged in the middle: what is left is opened by itself.
    for (const track of stream.getTracks()) track.onended = () => void this.open();
    this.meter.listen(stream);
    this.mix();
    this.heardSoundAt = performance.now();
    this.showPreview();
    await this.fillSelects();
    // The end may have let them go while the list was asked for, or another question have taken their place.
    if (this.stream === stream) await this.events.opened(this.outgoing() ?? stream);
    this.events.changed();
  }

  close(): void {
    this.opening.callOff();
    this.sharing.callOff();
    if (this.problem === "asking") this.problem = "";
    for (const track of this.stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    this.dropScreen();
    this.mixer.stop();
    this.card.stop();
    this.stream = null;
    this.isQuiet = false;
    this.preview.srcObject = null;
  }

  /** What the members see: the screen, the camera, or the lecture's title where there is no camera. */
  picture(): MediaStreamTrack | null {
    const camera = this.stream?.getVideoTracks()[0] ?? null;
    if (this.screen) return (this.withFace && camera && this.corner.picture(this.screen, camera)) || this.screen;
    return camera ?? (this.stream ? this.card.picture() : null);
  }

  /** What goes out: that picture, and the sound of the microphone with that of the screen. Null: nothing is open. */
  outgoing(): MediaStream | null {
    if (!this.stream) return null;
    return new MediaStream(this.mixed ? [this.mixed] : this.stream.getAudioTracks());
  }

  /** What is wrong with the microphone of a lecture that is otherwise well. */
  soundProblem(): "mic_off" | "silent_mic" | "" {
    const track = this.stream?.getAudioTracks()[0];
    if (track && !track.enabled) return "mic_off";
    return performance.now() - this.heardSoundAt > SILENT_AFTER_MS ? "silent_mic" : "";
  }

  show(isOver: boolean): void {
    byId("retry").hidden = isOver || !this.problem || this.problem === "asking";
    byId("devices").hidden = isOver || !this.stream;
    const mic = byId("mic");
    const on = this.stream?.getAudioTracks()[0]?.enabled ?? false;
    mic.hidden = isOver || !this.stream;
    mic.classList.toggle("on", !on);
    mic.textContent = fill(this.words, on ? "mic_close" : "mic_open");
    const share = byId("screen-share");
    share.hidden = isOver || !this.stream || !canShareScreen();
    share.classList.toggle("on", !!this.screen);
    share.textContent = fill(this.words, this.screen ? "screen_stop" : "screen");
    const hasFace = !!this.screen && !!this.stream?.getVideoTracks().length && Corner.isPossible();
    const face = byId("face");
    face.hidden = isOver || !hasFace;
    face.classList.toggle("on", this.withFace);
    face.textContent = fill(this.words, this.withFace ? "face_off" : "face_on");
    const notes = [
      this.hasLostScreen && !share.hidden ? fill(this.words, "screen_over") : "",
      this.isScreenKept && !share.hidden ? fill(this.words, "screen_kept") : "",
      this.screen && !this.screenSound ? fill(this.words, "screen_silent") : "",
      hasFace && this.withFace ? fill(this.words, "face_cost") : "",
      hasFace && this.isTooSlow ? fill(this.words, "face_slow") : "",
    ];
    write(byId("screen-note"), notes.filter((one) => one !== "").join(" "));
  }

  private showLevel(): void {
    if (!this.stream) return;
    const level = this.meter.level();
    if (level === null || level > LEAST_LEVEL) this.heardSoundAt = performance.now();
    byId("meter").setAttribute("width", String(Math.round((level ?? 0) * 100)));
  }

  private showPreview(): void {
    const picture = this.picture();
    this.preview.srcObject = picture ? new MediaStream([picture]) : null;
    this.preview.classList.toggle("mirror", !this.screen && !!this.stream?.getVideoTracks().length);
    this.preview.muted = true;
    void this.preview.play().catch(() => undefined);
  }

  private async fillSelects(): Promise<void> {
    const chosen: [HTMLSelectElement, MediaDeviceKind, MediaStreamTrack | undefined][] = [
      [this.camera, "videoinput", this.stream?.getVideoTracks()[0]],
      [this.microphone, "audioinput", this.stream?.getAudioTracks()[0]],
    ];
    for (const [select, kind, track] of chosen) {
      const devices = await listDevices(kind);
      const current = track?.getSettings().deviceId ?? "";
      const word = fill(this.words, kind === "videoinput" ? "camera" : "microphone");
      select.textContent = "";
      for (const [index, { deviceId, label }] of devices.entries()) {
        addOption(select, deviceId, label || `${word} ${index + 1}`, deviceId === current);
      }
      if (kind === "videoinput") addOption(select, NO_CAMERA, fill(this.words, "no_camera"), !current);
    }
  }

  private toggleMicrophone(): void {
    const track = this.stream?.getAudioTracks()[0];
    if (!track) return;
    track.enabled = !track.enabled;
    this.isQuiet = !track.enabled;
    this.heardSoundAt = performance.now();
    this.events.changed();
  }

  private async toggleScreen(): Promise<void> {
    if (this.screen) {
      this.dropScreen();
    } else {
      try {
        const shared = await this.sharing.ask(openScreen);
        if (!shared) return;
        this.screen = shared.getVideoTracks()[0] ?? null;
        this.screenSound = shared.getAudioTracks()[0] ?? null;
      } catch (error) {
        this.isScreenKept = isScreenKept(error);
        this.events.changed();
        return;
      }
      this.isScreenKept = false;
      if (this.screen) this.screen.onended = () => void this.screenEnded();
      this.hasLostScreen = false;
      remember("sessionStorage", SHARES, true);
    }
    await this.pictureChanged();
  }

  private async screenEnded(): Promise<void> {
    this.dropScreen();
    await this.pictureChanged();
  }

  private async toggleFace(): Promise<void> {
    this.withFace = !this.withFace;
    this.isTooSlow = false;
    remember("localStorage", WITH_FACE, this.withFace);
    await this.faceChanged();
  }

  /** The screen alone can be read; one that jerks cannot. Not chosen, and not remembered. */
  private async tooSlow(): Promise<void> {
    if (!this.withFace) return;
    this.withFace = false;
    this.isTooSlow = true;
    await this.faceChanged();
  }

  private async faceChanged(): Promise<void> {
    await this.pictureChanged();
    // First what goes out is another, then the one before ends.
    if (!this.withFace) this.corner.stop();
  }

  private dropScreen(): void {
    remember("sessionStorage", SHARES, null);
    this.corner.stop();
    for (const track of [this.screen, this.screenSound]) {
      if (!track) continue;
      track.onended = null;
      track.stop();
    }
    this.screen = null;
    this.screenSound = null;
  }

  private mix(): void {
    this.mixed = this.mixer.mix(this.stream?.getAudioTracks()[0] ?? null, this.screenSound);
  }

  private async pictureChanged(): Promise<void> {
    this.mix();
    await this.events.picture(this.picture(), this.mixed);
    this.showPreview();
    this.events.changed();
  }
}

function addOption(select: HTMLSelectElement, value: string, text: string, selected: boolean): void {
  const option = document.createElement("option");
  option.value = value;
  option.textContent = text;
  option.selected = selected;
  select.appendChild(option);
}
