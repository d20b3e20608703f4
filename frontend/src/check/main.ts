/** The page on which a phone is tried out: one tap tries everything, one question is asked, each line says what to do. */
import { Meter } from "../host/devices";
import { byId, readData, write } from "../lib/page";
import type { CheckWords } from "../lib/sentences";
import { fill } from "../lib/words";
import {
  type Grade,
  judgeLine,
  judgeMicrophone,
  judgePicture,
  judgeSocket,
  judgeSound,
  judgeWay,
  type Played,
  summary,
  type Verdict,
  type Word,
} from "./judge";
import { type CheckAddresses, Sample, tryLine, tryMicrophone, trySocket, tryWay } from "./trials";

interface CheckData extends CheckAddresses {
  words: CheckWords;
}

const PARTS = ["picture", "sound", "line", "socket", "way"] as const;
type Part = (typeof PARTS)[number];
const CHIPS: Record<Grade, [string, Word]> = {
  good: ["chip ok", "grade_good"],
  fair: ["chip plain", "grade_fair"],
  bad: ["chip due", "grade_bad"],
  ask: ["chip plain", "grade_ask"],
};

class Check {
  private readonly words: CheckWords;
  private readonly video = byId<HTMLVideoElement>("check-video");
  private readonly sample: Sample;
  private readonly meter = new Meter();
  private found = new Map<Part, Verdict>();
  private isBusy = false;

  constructor(private readonly data: CheckData) {
    this.words = data.words;
    this.sample = new Sample(this.video, data);
  }

  start(): void {
    byId("check").hidden = false;
    byId("check-go").addEventListener("click", () => void this.run());
    byId("check-replay").addEventListener("click", () => void this.play());
    byId("check-yes").addEventListener("click", () => this.heard(true));
    byId("check-no").addEventListener("click", () => this.heard(false));
    byId("check-mic").addEventListener("click", () => void this.speak());
  }

  /** Everything at once but the line's speed, which the sample would share. */
  private async run(): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    const go = byId<HTMLButtonElement>("check-go");
    go.disabled = true;
    byId("check-parts").hidden = false;
    this.found.clear();
    for (const part of PARTS) this.unsaid(part);
    this.sum();
    const { data } = this;
    const others = Promise.all([
      trySocket(data.socket).then((opened) => this.say("socket", judgeSocket(opened))),
      tryWay(data.relays).then((found) => this.say("way", judgeWay(found))),
    ]);
    await this.play();
    this.say("line", judgeLine(await tryLine(data.bytes)));
    await others;
    write(go, fill(this.words, "again"));
    go.disabled = false;
    this.isBusy = false;
  }

  private async play(): Promise<void> {
    this.video.hidden = false;
    byId("check-heard").hidden = true;
    this.unsaid("picture");
    this.unsaid("sound");
    const { way, played } = await this.sample.play();
    this.say("picture", judgePicture(way, played));
    this.sounded(played, null);
  }

  private heard(heard: boolean): void {
    this.sounded("moved", heard);
  }

  private sounded(played: Played, heard: boolean | null): void {
    byId("check-heard").hidden = heard === true;
    for (const id of ["check-yes", "check-no"]) byId(id).hidden = played !== "moved";
    this.say("sound", judgeSound(played, heard));
  }

  private async speak(): Promise<void> {
    const key = byId<HTMLButtonElement>("check-mic");
    const bar = byId<HTMLProgressElement>("mic-level");
    key.disabled = true;
    const loudest = await tryMicrophone(this.meter, (now) => {
      if (bar.hidden) write(byId("check-mic-said"), fill(this.words, "mic_speak"));
      bar.hidden = false;
      bar.value = now * 100;
    });
    bar.hidden = true;
    this.tell("mic", judgeMicrophone(loudest));
    key.disabled = false;
  }

  private say(part: Part, verdict: Verdict): void {
    this.found.set(part, verdict);
    this.tell(part, verdict);
    this.sum();
  }

  private tell(part: Part | "mic", { grade, word }: Verdict): void {
    const [look, name] = CHIPS[grade];
    const chip = byId(`check-${part}-chip`);
    chip.className = look;
    chip.hidden = false;
    write(chip, fill(this.words, name));
    write(byId(`check-${part}-said`), fill(this.words, word));
  }

  private unsaid(part: Part): void {
    this.found.delete(part);
    byId(`check-${part}-chip`).hidden = true;
    write(byId(`check-${part}-said`), fill(this.words, "running"));
  }

  private sum(): void {
    const { word, n } = summary(Array.from(this.found.values()), PARTS.length);
    write(byId("check-sum"), fill(this.words, word, { n }));
  }
}

const data = readData<CheckData>("check-data");
if (data) new Check(data).start();
