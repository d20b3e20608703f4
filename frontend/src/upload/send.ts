/**
 * Sends one file in pieces (tus 1.0). A lost line is waited out; after a reload the same file, chosen again, goes on
 * where the server's last acknowledgement was.
 */
import { DetailedError, type HttpRequest, type HttpResponse, Upload } from "tus-js-client";
import { onConnection } from "../lib/connection";
import { csrfToken } from "../lib/http";
import type { UploadWords } from "../lib/sentences";
import { type Known, page, part, timeLeft, word } from "./page";
import { watchOne } from "./watch";

/**
 * The server keeps what a broken line has brought, but a proxy in front may hold a piece until it is whole: so a piece
 * should take seconds, not minutes.
 */
const PIECE_BYTES = { least: 256 * 1024, most: 2 * 1024 * 1024 };
const PIECE_MS = { short: 2000, long: 8000 };
const RETRY_MS = [0, 1000, 3000, 5000, 10000, 20000, 30000, 60000, 60000, 60000];
/** After these the line is asked less often, and at once when the phone says that it is back. */
const WAIT_MS = 30_000;
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

/** A question about the offset that was not answered. To tus-js-client it would mean: begin a new upload. */
class Unanswered extends Error {
  constructor(readonly status: number) {
    super(`HEAD ${status}`);
    Object.setPrototypeOf(this, Unanswered.prototype);
  }
}

function statusOf(error: Error): number {
  if (!(error instanceof DetailedError)) return 0;
  if (error.causingError instanceof Unanswered) return error.causingError.status;
  return error.originalResponse?.getStatus() ?? 0;
}

function same(file: File): (known: Known) => boolean {
  return (known) => known.name === file.name && known.size === file.size;
}

/** As tus wants its metadata: base64 of UTF-8. */
function encoded(text: string): string {
  return btoa(String.fromCharCode(...Array.from(new TextEncoder().encode(text))));
}

function fingerprint(file: File): Promise<string> {
  const id = [page().user, file.name, file.size, file.lastModified].join("|");
  return Promise.resolve(`upload-${id}`);
}

function say(parts: Parts, text: string): void {
  parts.status.textContent = text;
  parts.status.hidden = text === "";
}

/** The server's own sentence, if it gave one; ours where it cannot know the next step here. */
function explain(error: Error): string {
  const status = statusOf(error);
  const own: Record<number, keyof UploadWords> = { 0: "offline", 401: "signed_out", 403: "stale" };
  const sentence = own[status];
  if (sentence) return word(sentence);
  const fallback = word(status === 413 ? "too_large" : "refused");
  try {
    const body = error instanceof DetailedError ? error.originalResponse?.getBody() : "";
    return (JSON.parse(body ?? "") as { message?: string }).message ?? fallback;
  } catch {
    return fallback;
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
    if (now - this.began < 3000 || speed <= 0 || sent >= total) return text;
    return `${text} · ${timeLeft((total - sent) / speed / 60000)}`;
  }
}

class Sender {
  private upload: Upload | null = null;
  private readonly pace = new Pace();
  private videoId = "";
  private began = 0;
  private waiting = 0;

  constructor(private readonly parts: Parts) {
    onConnection((online) => {
      if (online && this.waiting) this.go();
    });
  }

  async begin(file: File): Promise<void> {
    const title = this.parts.title.value.trim();
    const upload = new Upload(file, {
      endpoint: this.parts.form.dataset.upload,
      chunkSize: PIECE_BYTES.least,
      retryDelays: RETRY_MS,
      metadata: { filename: file.name, title },
      fingerprint,
      removeFingerprintOnSuccess: true,
      onBeforeRequest: (request) => this.prepare(request, title),
      onAfterResponse: (request, response) => this.answered(request.getMethod(), response),
      onChunkComplete: () => this.adapt(),
      onProgress: (sent, total) => this.progress(sent, total),
      onShouldRetry: (error) => this.mayRetry(statusOf(error)),
      onSuccess: () => this.done(),
      onError: (error) => this.failed(error),
    });
    this.upload = upload;
    const begun = (page().unfinished ?? []).filter(same(file))[0];
    const earlier = begun ? undefined : (await upload.findPreviousUploads())[0];
    if (begun) upload.options.uploadUrl = begun.url;
    if (earlier) upload.resumeFromPreviousUpload(earlier);
    if (begun || earlier) say(this.parts, word("resumed"));
    this.go();
  }

  go(): void {
    this.stopWaiting();
    this.pace.restart();
    this.show("sending");
    this.upload?.start();
  }

  /** Signing in again in another tab changes the token under this page; the title may have been typed after the first piece. */
  private prepare(request: HttpRequest, title: string): void {
    request.setHeader("X-CSRFToken", csrfToken());
    request.setHeader("Accept", "application/json");
    if (request.getMethod() !== "PATCH") return;
    this.began = Date.now();
    if (title) request.setHeader("Upload-Metadata", `title ${encoded(title)}`);
  }

  private answered(method: string, response: HttpResponse): void {
    const status = response.getStatus();
    if (method === "HEAD" && status >= 400 && status !== 404 && status !== 410 && status !== 423)
      throw new Unanswered(status);
    this.videoId = response.getHeader("Upload-Video") || this.videoId;
  }

  private adapt(): void {
    const options = this.upload?.options;
    if (!options?.chunkSize) return;
    const took = Date.now() - this.began;
    const factor = took < PIECE_MS.short ? 2 : took > PIECE_MS.long ? 0.5 : 1;
    options.chunkSize = Math.max(PIECE_BYTES.least, Math.min(PIECE_BYTES.most, options.chunkSize * factor));
  }

  async pause(): Promise<void> {
    this.stopWaiting();
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
    if (this.upload) this.upload.options.chunkSize = PIECE_BYTES.least;
    return LASTING.indexOf(status) < 0;
  }

  /** What the line or the server may get over is tried on until somebody pauses it; all else waits for somebody. */
  private failed(error: Error): void {
    say(this.parts, explain(error));
    if (error instanceof DetailedError && this.mayRetry(statusOf(error))) {
      this.stopWaiting();
      this.waiting = window.setTimeout(() => this.go(), WAIT_MS);
    } else {
      this.show("paused");
    }
  }

  private stopWaiting(): void {
    window.clearTimeout(this.waiting);
    this.waiting = 0;
  }

  private done(): void {
    this.show("done");
    say(this.parts, word("sent"));
    this.parts.bar.value = 100;
    for (const row of unfinishedRows(this.parts.form)) {
      if (this.upload?.url?.endsWith(row.dataset.unfinished ?? "-")) forget(row);
    }
    const made = part<HTMLElement>(this.parts.form, "[data-made]");
    const state = part<HTMLElement>(made, "[data-video]");
    if (!this.videoId) return;
    state.dataset.video = this.videoId;
    part(state, "[data-label]").textContent = word("waiting");
    made.hidden = false;
    watchOne(state);
  }
}

function unfinishedRows(form: HTMLFormElement): HTMLElement[] {
  return Array.from(form.querySelectorAll<HTMLElement>("[data-unfinished]"));
}

/** Take a row from the list of unfinished ones, and with the last of them the list. */
function forget(row: HTMLElement): void {
  const list = row.closest<HTMLElement>("[data-unfinished-list]");
  row.remove();
  if (list && !list.querySelector("[data-unfinished]")) list.remove();
}

/** "取消这个上传" on the list of unfinished ones. */
function offerForgetting(form: HTMLFormElement): void {
  for (const row of unfinishedRows(form)) {
    part<HTMLButtonElement>(row, "[data-forget]").addEventListener("click", async () => {
      const headers = { "X-CSRFToken": csrfToken(), "Tus-Resumable": "1.0.0" };
      const answer = await fetch(row.dataset.unfinished ?? "", {
        method: "DELETE",
        headers,
        credentials: "same-origin",
      });
      if (answer.ok || answer.status === 404) forget(row);
    });
  }
}

/** What the server knows of this file: its title is kept, and nobody sends it twice without being told. */
function recognise(file: File, parts: Parts): string {
  const begun = (page().unfinished ?? []).filter(same(file))[0];
  const sent = (page().sent ?? []).filter(same(file))[0];
  if (begun) {
    parts.title.value = parts.title.value || begun.title;
    return word("begun").replace("%s", `${begun.percent}%`);
  }
  return sent ? word("again").replace("%s", sent.title) : "";
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
    const file = chosen();
    const isTooLarge = file !== undefined && file.size > (page().limit ?? Number.POSITIVE_INFINITY);
    parts.start.disabled = !file || isTooLarge;
    say(parts, !file ? "" : isTooLarge ? word("too_large") : recognise(file, parts));
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
