/**
 * Sends one file in pieces (tus 1.0). A lost line is waited out; after a reload the same file, chosen again, goes on
 * where the server's last acknowledgement was.
 */
import { DetailedError, Upload } from "tus-js-client";
import { page, part, word } from "./page";
import { watchOne } from "./watch";

/** Small enough that a broken line costs little, large enough that a good one is used. */
const CHUNK_BYTES = 2 * 1024 * 1024;
const RETRY_MS = [0, 1000, 3000, 5000, 10000, 20000, 30000, 60000, 60000, 60000];
/** Answers that trying again does not change. 409, 423, 429 and server errors pass by themselves. */
const LASTING = [400, 401, 403, 404, 410, 412, 413, 415, 507];

interface Parts {
  form: HTMLFormElement;
  file: HTMLInputElement;
  title: HTMLInputElement;
  start: HTMLButtonElement;
  pause: HTMLButtonElement;
  resume: HTMLButtonElement;
  again: HTMLElement;
  sending: HTMLElement;
  bar: HTMLProgressElement;
  numbers: HTMLElement;
  status: HTMLElement;
}

function csrf(form: HTMLFormElement): string {
  return part<HTMLInputElement>(form, "input[name=csrfmiddlewaretoken]").value;
}

function fingerprint(file: File): Promise<string> {
  const id = [page().user, file.name, file.size, file.lastModified].join("|");
  return Promise.resolve(`upload-${id}`);
}

function say(parts: Parts, text: string): void {
  parts.status.textContent = text;
  parts.status.hidden = text === "";
}

/** The server's own sentence, if it gave one. */
function explain(error: Error): string {
  const answer = error instanceof DetailedError ? error.originalResponse : null;
  if (!answer) return word("offline");
  try {
    return (JSON.parse(answer.getBody()) as { message?: string }).message ?? word("refused");
  } catch {
    return word("refused");
  }
}

/** "3.2 / 80.0 MB · 12% · 剩余约 4 分钟", the rest measured over this page's own sending. */
class Pace {
  private began = 0;
  private from = 0;

  restart(): void {
    this.began = 0;
  }

  describe(sent: number, total: number): string {
    const now = Date.now();
    if (!this.began) {
      this.began = now;
      this.from = sent;
    }
    const megabytes = (bytes: number) => (bytes / 1048576).toFixed(1);
    const text = `${megabytes(sent)} / ${megabytes(total)} MB · ${Math.floor((100 * sent) / total)}%`;
    const speed = (sent - this.from) / Math.max(1, now - this.began);
    if (now - this.began < 3000 || speed <= 0) return text;
    const minutes = (total - sent) / speed / 60000;
    const left = minutes < 1 ? word("soon") : word("left").replace("%s", String(Math.ceil(minutes)));
    return `${text} · ${left}`;
  }
}

class Sender {
  private upload: Upload | null = null;
  private readonly pace = new Pace();
  private videoId = "";

  constructor(private readonly parts: Parts) {}

  async begin(file: File): Promise<void> {
    const upload = new Upload(file, {
      endpoint: this.parts.form.dataset.upload,
      chunkSize: CHUNK_BYTES,
      retryDelays: RETRY_MS,
      headers: { "X-CSRFToken": csrf(this.parts.form) },
      metadata: { filename: file.name, title: this.parts.title.value },
      fingerprint,
      removeFingerprintOnSuccess: true,
      onAfterResponse: (_request, response) => {
        this.videoId = response.getHeader("Upload-Video") || this.videoId;
      },
      onProgress: (sent, total) => this.progress(sent, total),
      onShouldRetry: (error) => this.mayRetry(error.originalResponse?.getStatus() ?? 0),
      onSuccess: () => this.done(),
      onError: (error) => this.failed(error),
    });
    this.upload = upload;
    const earlier = (await upload.findPreviousUploads())[0];
    if (earlier) {
      upload.resumeFromPreviousUpload(earlier);
      say(this.parts, word("resumed"));
    }
    this.go();
  }

  go(): void {
    this.pace.restart();
    this.show("sending");
    this.upload?.start();
  }

  async pause(): Promise<void> {
    await this.upload?.abort();
    say(this.parts, word("paused"));
    this.show("paused");
  }

  get busy(): boolean {
    return this.upload !== null && !this.parts.pause.hidden;
  }

  private show(state: "sending" | "paused" | "done"): void {
    const { file, title, start, pause, resume, again, sending } = this.parts;
    file.disabled = title.disabled = true;
    start.hidden = true;
    pause.hidden = state !== "sending";
    resume.hidden = state !== "paused";
    again.hidden = state !== "done";
    sending.hidden = false;
  }

  private progress(sent: number, total: number): void {
    this.parts.bar.value = Math.floor((100 * sent) / total);
    this.parts.numbers.textContent = this.pace.describe(sent, total);
    if (this.busy) say(this.parts, word("sending"));
  }

  private mayRetry(status: number): boolean {
    if (status === 0) say(this.parts, word("offline"));
    return LASTING.indexOf(status) < 0;
  }

  private failed(error: Error): void {
    say(this.parts, explain(error));
    this.show("paused");
  }

  private done(): void {
    this.show("done");
    say(this.parts, word("sent"));
    const made = part<HTMLElement>(this.parts.form, "[data-made]");
    const state = part<HTMLElement>(made, "[data-video]");
    if (!this.videoId) return;
    state.dataset.video = this.videoId;
    part(state, "[data-label]").textContent = word("waiting");
    made.hidden = false;
    watchOne(state);
  }
}

/** "取消这个上传" on the list of unfinished ones. */
function offerForgetting(form: HTMLFormElement): void {
  for (const row of Array.from(form.querySelectorAll<HTMLElement>("[data-unfinished]"))) {
    part<HTMLButtonElement>(row, "[data-forget]").addEventListener("click", async () => {
      const headers = { "X-CSRFToken": csrf(form), "Tus-Resumable": "1.0.0" };
      const answer = await fetch(row.dataset.unfinished ?? "", {
        method: "DELETE",
        headers,
        credentials: "same-origin",
      });
      if (answer.ok || answer.status === 404) row.remove();
    });
  }
}

export function startUpload(form: HTMLFormElement): void {
  const parts: Parts = {
    form,
    file: part(form, "[data-file]"),
    title: part(form, "[data-title]"),
    start: part(form, "[data-start]"),
    pause: part(form, "[data-pause]"),
    resume: part(form, "[data-resume]"),
    again: part(form, "[data-again]"),
    sending: part(form, "[data-sending]"),
    bar: part(form, "[data-bar]"),
    numbers: part(form, "[data-numbers]"),
    status: part(form, "[data-status]"),
  };
  const sender = new Sender(parts);
  const chosen = (): File | undefined => parts.file.files?.[0];
  const offer = (): void => {
    parts.start.disabled = !chosen();
  };
  parts.file.addEventListener("change", offer);
  offer();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const file = chosen();
    if (file && !sender.busy) void sender.begin(file);
  });
  parts.pause.addEventListener("click", () => void sender.pause());
  parts.resume.addEventListener("click", () => sender.go());
  window.addEventListener("beforeunload", (event) => {
    if (!sender.busy) return;
    event.preventDefault();
    event.returnValue = word("leave");
  });
  offerForgetting(form);
}
