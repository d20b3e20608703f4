/** The lecturer's desk: check the devices, go live, lead the talk, end. The picture comes back by itself. */
import type { ChatEvent, ErrorFrame, HandEvent, JoinedFrame, RoomEvent, ServerFrame, TickFrame } from "../lib/frames";
import { get } from "../lib/http";
import { Chat } from "../room/chat";
import { type ClosedWhy, type Line, RoomLine } from "../room/socket";
import { byId, clock, fill, readData, type Words } from "../room/words";
import { Card } from "./card";
import { canShareScreen, listDevices, Meter, NO_CAMERA, openDevices, openScreen, UnableToUseDevices } from "./devices";
import { Publisher } from "./publisher";

interface Held {
  member: number;
  name: string;
  kind: string;
}

/** What the server says of the recording: sentences or "", and how often it was interrupted. */
interface Recording {
  off: string;
  missed: string;
  count: number;
}

interface HostState {
  recording?: Recording;
  state: string;
  now: number;
  live_at: number | null;
  undone_until: number | null;
  void_reason: string;
  chat: ChatEvent[];
  restricted: Held[];
}

interface HostData extends HostState {
  occasion: number;
  you: number;
  opens_at: number;
  title: string;
  urls: { state: string; ticket: string; socket: string };
  words: Words;
}

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 8000;
const SILENT_AFTER_MS = 8000;
const METER_MS = 100;
const ASK_MS = 10_000;

/** A number that this browser remembers; where it remembers nothing, 0. */
function kept(key: string): number {
  try {
    return Number(window.localStorage.getItem(key)) || 0;
  } catch {
    return 0;
  }
}

function keep(key: string, value: number): void {
  try {
    window.localStorage.setItem(key, String(value));
  } catch {
    // A browser that keeps nothing shows it again after a reload.
  }
}

class Desk {
  private readonly data = readData<HostData>("host-data");
  private readonly words = this.data.words;
  private readonly preview = byId<HTMLVideoElement>("preview");
  private readonly camera = byId<HTMLSelectElement>("camera");
  private readonly microphone = byId<HTMLSelectElement>("microphone");
  private readonly go = byId<HTMLButtonElement>("go");
  private readonly meter = new Meter();
  private readonly card = new Card(this.data.title, fill(this.words, "voice_only"));
  private readonly publisher: Publisher;
  private readonly line: RoomLine;
  private readonly chat: Chat;
  private stream: MediaStream | null = null;
  private screen: MediaStreamTrack | null = null;
  private problem = "";
  private state = this.data.state;
  private lineWord: Line = "connecting";
  private closedWhy = "";
  private liveAt = this.data.live_at;
  private clockMs = this.data.now;
  private clockAt = performance.now();
  private heardSoundAt = performance.now();
  private waitMs = FIRST_WAIT_MS;
  private timer = 0;
  private replaced = false;
  private going = false;
  private seq = -1;
  private undoneUntil = this.data.undone_until ?? 0;
  private voidReason = this.data.void_reason;
  private recording = this.data.recording;
  private readonly hands = new Map<number, HandEvent>();
  private held: Held[] = this.data.restricted ?? [];

  constructor() {
    this.publisher = new Publisher({
      send: (command) => this.line.send(command),
      connected: () => {
        this.waitMs = FIRST_WAIT_MS;
        this.say("sending");
      },
      failed: () => {
        if (this.state !== "live") return;
        this.say("hung_up");
        this.publishLater();
      },
    });
    this.line = new RoomLine(this.data.urls, {
      frame: (frame) => this.heard(frame),
      refused: (frame) => this.refused(frame),
      line: (line, why) => this.lineChanged(line, why),
      joined: (frame) => this.joined(frame),
    });
    this.chat = new Chat({
      you: this.data.you,
      words: this.words,
      send: (command) => this.line.send(command),
      decorate: (line, message) => this.tools(line, message),
    });
  }

  start(): void {
    this.chat.addAll(this.data.chat);
    this.buttons();
    this.drawHands();
    this.drawHeld();
    this.show();
    window.setInterval(() => this.show(), 1000);
    window.setInterval(() => this.showLevel(), METER_MS);
    window.setInterval(() => void (this.state === "live" && this.catchUp()), ASK_MS);
    if (!this.over()) void this.openDevices();
    if (!this.over() || this.state === "ended" || this.undoneUntil > this.now()) this.line.start();
    else this.chat.close();
  }

  private over(): boolean {
    return this.state !== "scheduled" && this.state !== "live";
  }

  private buttons(): void {
    this.go.addEventListener("click", () => this.goLive());
    byId("retry").addEventListener("click", () => void this.openDevices());
    byId("resume").addEventListener("click", () => {
      this.replaced = false;
      void this.publish();
    });
    byId("end").addEventListener("click", () => this.askEnd(true));
    byId("end-no").addEventListener("click", () => this.askEnd(false));
    byId("end-yes").addEventListener("click", () => {
      this.askEnd(false);
      if (!this.line.send({ t: "end" })) this.say("try_again");
    });
    byId("resume-lecture").addEventListener("click", () => {
      if (!this.line.send({ t: "resume" })) this.say("try_again");
    });
    byId("mic").addEventListener("click", () => this.toggleMicrophone());
    byId("screen-share").addEventListener("click", () => void this.toggleScreen());
    for (const select of [this.camera, this.microphone]) {
      select.addEventListener("change", () => void this.openDevices());
    }
    byId("recording-seen").addEventListener("click", () => {
      keep(this.seenKey(), this.recording?.count ?? 0);
      this.showRecording();
    });
    for (const tab of ["chat", "people"]) byId(`tab-${tab}`).addEventListener("click", () => this.openTab(tab));
    window.addEventListener("beforeunload", (event) => {
      if (this.state === "live" && this.publisher.isActive()) event.preventDefault();
    });
    const fit = (): void => document.documentElement.style.setProperty("--room-height", `${window.innerHeight}px`);
    window.addEventListener("resize", fit);
    fit();
  }

  private openTab(open: string): void {
    for (const tab of ["chat", "people"]) {
      byId(`tab-${tab}`).setAttribute("aria-selected", String(tab === open));
      byId(`panel-${tab}`).hidden = tab !== open;
    }
  }

  private askEnd(asked: boolean): void {
    byId("end-confirm").hidden = !asked;
    byId("end").hidden = asked;
    byId(asked ? "end-no" : "end").focus();
  }

  // --- devices --------------------------------------------------------------------------------------------------

  private async openDevices(): Promise<void> {
    this.problem = "asking";
    this.show();
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    try {
      this.stream = await openDevices(this.camera.value, this.microphone.value);
    } catch (error) {
      if (!(error instanceof UnableToUseDevices)) throw error;
      this.stream = null;
      this.problem = error.problem;
      this.show();
      return;
    }
    this.problem = "";
    for (const track of this.stream.getTracks()) track.onended = () => void this.openDevices();
    this.meter.listen(this.stream);
    this.heardSoundAt = performance.now();
    this.showPreview();
    await this.fillSelects();
    if (this.publisher.isActive()) {
      await this.publisher.replaceSound(this.stream.getAudioTracks()[0] ?? null);
      await this.publisher.replacePicture(this.picture());
    } else if (this.state === "live") {
      void this.publish();
    }
    this.show();
  }

  private picture(): MediaStreamTrack | null {
    return this.screen ?? this.stream?.getVideoTracks()[0] ?? (this.stream ? this.card.picture() : null);
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
      select.textContent = "";
      for (const [index, device] of devices.entries()) {
        const option = document.createElement("option");
        option.value = device.deviceId;
        const word = fill(this.words, kind === "videoinput" ? "camera" : "microphone");
        option.textContent = device.label || `${word} ${index + 1}`;
        option.selected = device.deviceId === current;
        select.appendChild(option);
      }
      if (kind === "videoinput") this.addNoCamera(select, !current);
    }
  }

  private addNoCamera(select: HTMLSelectElement, selected: boolean): void {
    const option = document.createElement("option");
    option.value = NO_CAMERA;
    option.textContent = fill(this.words, "no_camera");
    option.selected = selected;
    select.appendChild(option);
  }

  private toggleMicrophone(): void {
    const track = this.stream?.getAudioTracks()[0];
    if (!track) return;
    track.enabled = !track.enabled;
    this.heardSoundAt = performance.now();
    this.show();
  }

  private async toggleScreen(): Promise<void> {
    if (this.screen) {
      this.screen.stop();
      this.screen = null;
    } else {
      try {
        this.screen = await openScreen();
      } catch {
        return; // The person chose "cancel".
      }
      if (this.screen) this.screen.onended = () => void this.screenEnded();
    }
    await this.pictureChanged();
  }

  private async screenEnded(): Promise<void> {
    this.screen = null;
    await this.pictureChanged();
  }

  private async pictureChanged(): Promise<void> {
    await this.publisher.replacePicture(this.picture());
    this.showPreview();
    this.show();
  }

  // --- on air ---------------------------------------------------------------------------------------------------

  private goLive(): void {
    if (!this.stream) return;
    this.going = this.line.send({ t: "go_live" });
    this.say(this.going ? "going" : "try_again");
    this.show();
  }

  private async publish(): Promise<void> {
    window.clearTimeout(this.timer);
    if (!this.stream || this.state !== "live" || this.replaced) return;
    this.say("publishing");
    await this.publisher.start(this.stream, this.picture());
    if (!this.publisher.isActive()) this.publishLater();
  }

  private publishLater(): void {
    window.clearTimeout(this.timer);
    this.publisher.stop();
    this.timer = window.setTimeout(() => void this.publish(), this.waitMs);
    this.waitMs = Math.min(LONGEST_WAIT_MS, this.waitMs * 2);
  }

  private refused(frame: ErrorFrame): void {
    if (this.chat.refused(frame)) return;
    this.going = false;
    if (frame.t === "offer") {
      this.say(frame.error === "engine_unreachable" || frame.error === "no_such_room" ? "no_engine" : "hung_up");
      this.publishLater();
    } else if (frame.error === "not_host") {
      this.say("no_right");
    } else {
      this.say(this.words[frame.error] ? frame.error : "try_again");
    }
    this.show();
  }

  // --- what the room says ---------------------------------------------------------------------------------------

  private joined(frame: JoinedFrame): void {
    this.clockMs = frame.at;
    this.clockAt = performance.now();
    this.publisher.relays = frame.ice;
    this.people(frame.people);
    this.chat.mute(frame.muted);
    this.chat.resend();
    const back = this.seq >= 0;
    this.seq = frame.seq;
    this.setState(frame.state);
    // The server let go of our connection when the line broke: put the picture on air again.
    if (this.state === "live" && !this.replaced) void this.publish();
    if (back) void this.catchUp();
  }

  private heard(frame: ServerFrame): void {
    if (frame.t === "tick") this.tick(frame);
    else if (frame.t === "ack") this.chat.acknowledged(frame.id, frame.message);
    else if (frame.t === "answer") void this.publisher.answered(frame.sdp);
    else if (frame.t === "link" && frame.pc === "pub") this.link(frame.state);
    this.show();
  }

  private link(state: string): void {
    if (this.state !== "live") return; // what the engine says of a connection that the end has closed
    if (state === "slow") this.say("slow");
    else if (state === "flowing") this.say("sending");
    else if (state === "gone") {
      this.say("no_engine");
      this.publishLater();
    } else if (state === "replaced") {
      this.replaced = true;
      this.publisher.stop();
      this.say("replaced");
    } else if (state === "hung_up") {
      this.say("hung_up");
      this.publishLater();
    }
  }

  private tick(frame: TickFrame): void {
    if (frame.seq > this.seq + 1 && this.seq >= 0) void this.catchUp();
    this.seq = Math.max(this.seq, frame.seq);
    this.people(frame.people);
    for (const event of frame.events) this.event(event);
    if (frame.left_out > 0) this.chat.leftOut(frame.left_out);
  }

  private event(event: RoomEvent): void {
    if (event.t === "chat") this.chat.add(event);
    else if (event.t === "hidden") this.chat.hide(event.message);
    else if (event.t === "state") this.setState(event.state);
    else if (event.t === "hand") this.handChanged(event);
    else if (event.t === "muted" || event.t === "removed") {
      if (event.t === "muted" && event.member === this.data.you) this.chat.mute(event.on);
      void this.catchUp();
    }
  }

  private setState(state: string): void {
    const was = this.state;
    this.state = state;
    if (state === "live" && was !== "live") {
      this.going = false;
      this.liveAt = this.now();
      if (was === "scheduled") void this.publish();
      else this.resumed();
    } else if (this.over()) {
      window.clearTimeout(this.timer);
      this.publisher.stop();
      this.chat.close();
      this.stopDevices();
      if (state !== was) {
        this.say("");
        void this.catchUp();
      }
    }
    this.show();
  }

  /** The end was undone: the devices, which were let go, are opened again, and the picture goes out by itself. */
  private resumed(): void {
    this.undoneUntil = 0;
    this.replaced = false;
    this.chat.open();
    this.say("");
    void this.openDevices();
    void this.catchUp();
  }

  private stopDevices(): void {
    for (const track of this.stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    this.screen?.stop();
    this.card.stop();
    this.stream = null;
    this.screen = null;
    this.preview.srcObject = null;
  }

  private async catchUp(): Promise<void> {
    try {
      const state = await get<HostState>(this.data.urls.state);
      this.chat.addAll(state.chat);
      this.liveAt = state.live_at;
      this.undoneUntil = state.undone_until ?? 0;
      this.voidReason = state.void_reason;
      this.held = state.restricted ?? [];
      this.recording = state.recording;
      this.drawHeld();
      this.setState(state.state);
    } catch {
      // The next gap, or the next return, asks again.
    }
  }

  private lineChanged(line: Line, why?: ClosedWhy): void {
    this.lineWord = line;
    if (line === "closed") {
      this.closedWhy = why === "cancelled" || why === "signed_out" || why === "elsewhere" ? why : "no_right";
      this.publisher.stop();
      this.stopDevices();
    }
    this.show();
  }

  // --- leading the talk -----------------------------------------------------------------------------------------

  private tools(line: HTMLElement, message: ChatEvent): void {
    const box = document.createElement("span");
    box.className = "tools";
    box.appendChild(this.tool("hide", () => this.line.send({ t: "hide_message", message: message.message })));
    if (message.member !== this.data.you && !message.host) {
      const mute = (): boolean => this.line.send({ t: "mute", member: message.member, on: true });
      box.appendChild(this.tool("mute", mute));
      box.appendChild(this.tool("remove", (button) => this.confirmRemove(button, message)));
    }
    line.appendChild(box);
  }

  private confirmRemove(button: HTMLButtonElement, message: ChatEvent): void {
    if (button.dataset.sure) {
      this.line.send({ t: "remove", member: message.member, on: true });
      return;
    }
    button.dataset.sure = "1";
    button.textContent = fill(this.words, "confirm_remove", { name: message.name });
    window.setTimeout(() => {
      delete button.dataset.sure;
      button.textContent = fill(this.words, "remove");
    }, 6000);
  }

  private tool(word: string, act: (button: HTMLButtonElement) => unknown): HTMLButtonElement {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "tool";
    button.textContent = fill(this.words, word);
    button.addEventListener("click", () => act(button));
    return button;
  }

  private handChanged(event: HandEvent): void {
    if (event.up) this.hands.set(event.member, event);
    else this.hands.delete(event.member);
    this.drawHands();
  }

  private drawHands(): void {
    const list = byId("hands");
    list.textContent = "";
    for (const hand of Array.from(this.hands.values())) {
      const lower = this.tool("lower", () => this.line.send({ t: "lower", member: hand.member }));
      list.appendChild(this.row(`${hand.name} · ${hand.unit}`, lower));
    }
    byId("hands-empty").hidden = this.hands.size > 0;
    this.peopleTab();
  }

  private drawHeld(): void {
    const list = byId("held");
    list.textContent = "";
    for (const held of this.held) {
      const muted = held.kind === "muted";
      const lift = this.tool(muted ? "unmute" : "let_in", () =>
        this.line.send({ t: muted ? "mute" : "remove", member: held.member, on: false }),
      );
      list.appendChild(this.row(`${held.name} · ${fill(this.words, muted ? "muted" : "removed")}`, lift));
    }
    byId("held-empty").hidden = this.held.length > 0;
  }

  private row(text: string, button: HTMLButtonElement): HTMLElement {
    const row = document.createElement("li");
    row.className = "row";
    const words = document.createElement("span");
    words.className = "grow";
    words.textContent = text;
    row.append(words, button);
    return row;
  }

  private peopleCount = 0;

  private people(count: number): void {
    this.peopleCount = count;
    byId("people-count").textContent = fill(this.words, "people_say", { n: count });
    this.peopleTab();
  }

  private peopleTab(): void {
    const hands = this.hands.size ? ` · ${fill(this.words, "hands_tab", { n: this.hands.size })}` : "";
    byId("people-tab").textContent = fill(this.words, "people", { n: this.peopleCount }) + hands;
  }

  // --- what the page shows --------------------------------------------------------------------------------------

  private now(): number {
    return this.clockMs + performance.now() - this.clockAt;
  }

  private say(key: string): void {
    const text = key ? fill(this.words, key) : "";
    if (byId("link-state").textContent !== text) byId("link-state").textContent = text;
  }

  private showLevel(): void {
    if (!this.stream) return;
    const level = this.meter.level();
    if (level > 0.02) this.heardSoundAt = performance.now();
    byId("meter").setAttribute("width", String(Math.round(level * 100)));
  }

  private show(): void {
    const live = this.state === "live";
    const over = this.over();
    this.go.hidden = live || over;
    this.go.disabled = !this.stream || this.lineWord !== "good" || this.going || this.now() < this.data.opens_at;
    byId("end").hidden = !live || !byId("end-confirm").hidden;
    if (!live) byId("end-confirm").hidden = true;
    byId("retry").hidden = over || !this.problem || this.problem === "asking";
    byId("resume").hidden = !live || !this.replaced;
    byId("devices").hidden = over || !this.stream;
    byId("after").hidden = !over;
    this.showUndo(over);
    byId("replay-step").hidden = this.state !== "recorded";
    byId("live-mark").hidden = !live;
    if (live && this.liveAt) {
      byId("live-time").textContent = fill(this.words, "on_air", { time: clock(this.now() - this.liveAt) });
    }
    this.showKeys(over);
    this.showState();
    this.showRecording();
    byId("cover").hidden = !over && !!this.stream && !!this.picture();
    // What became of it stands at the desk, with the steps; twice on one page is once too often.
    byId("cover-text").textContent = over ? "" : byId("desk-state").textContent;
  }

  private showKeys(over: boolean): void {
    const mic = byId("mic");
    const on = this.stream?.getAudioTracks()[0]?.enabled ?? false;
    mic.hidden = over || !this.stream;
    mic.classList.toggle("on", !on);
    mic.textContent = fill(this.words, on ? "mic_close" : "mic_open");
    const share = byId("screen-share");
    share.hidden = over || !this.stream || !canShareScreen();
    share.classList.toggle("on", !!this.screen);
    share.textContent = fill(this.words, this.screen ? "screen_stop" : "screen");
  }

  private showUndo(over: boolean): void {
    const left = over ? Math.ceil((this.undoneUntil - this.now()) / 60_000) : 0;
    const open = left > 0 && this.lineWord !== "closed";
    const text = open ? fill(this.words, "undo_left", { m: left }) : "";
    if (byId("undo-left").textContent !== text) byId("undo-left").textContent = text;
    byId("undo").hidden = !open;
    const empty = this.state === "not_held";
    byId("not-held").hidden = !empty && this.state !== "void";
    byId("void-step").hidden = !empty;
    const voidHeld = document.getElementById("void-held");
    if (voidHeld) voidHeld.hidden = empty || this.state === "void";
  }

  private seenKey(): string {
    return `recording-seen-${this.data.occasion}`;
  }

  /** Red while nothing is recorded; a hole that is over stays until the lecturer has seen it. */
  private showRecording(): void {
    const told = this.recording;
    const off = this.state === "live" ? (told?.off ?? "") : "";
    const missed = told && told.count > kept(this.seenKey()) ? told.missed : "";
    const text = off || missed;
    if (byId("recording-state").textContent !== text) byId("recording-state").textContent = text;
    byId("recording").hidden = !text;
    byId("recording-seen").hidden = !!off;
  }

  private showState(): void {
    const key = this.stateKey();
    const box = byId("desk-state");
    const text = fill(this.words, key, { reason: this.voidReason });
    if (box.textContent !== text) box.textContent = text;
    const good = key === "ready" || key === "good" || key === "packing" || key === "replay_ready";
    box.className = `desk-state ${good ? "good" : "off"}`;
  }

  private stateKey(): string {
    if (this.lineWord === "closed") return this.closedWhy || "no_right";
    if (this.state === "ended") return "packing";
    if (this.state === "recorded") return "replay_ready";
    if (this.state === "unrecorded") return "no_replay";
    if (this.state === "not_held" || this.state === "void") return this.state;
    if (this.problem) return this.problem;
    if (this.lineWord !== "good") return this.lineWord;
    const track = this.stream?.getAudioTracks()[0];
    if (track && !track.enabled) return "mic_off";
    if (performance.now() - this.heardSoundAt > SILENT_AFTER_MS) return "silent_mic";
    if (this.state === "scheduled") return this.now() < this.data.opens_at ? "too_early" : "ready";
    return "good";
  }
}

new Desk().start();
