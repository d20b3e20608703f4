/** JSON to our own server: CSRF token, time limit, retries with the same body (so the same id), errors in plain words. */
import { doubled, jittered } from "./backoff";

export interface SendOptions {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  /** How often to try again after a lost connection, a 429 or a 5xx. The body must carry its own id. */
  retries?: number;
  timeoutMs?: number;
  /** Keep going while the page is being left. */
  keepalive?: boolean;
}

/** What went wrong, ready to be shown. `lasting` says that trying again will not help. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly retryAfterMs: number = 0,
  ) {
    super(message);
    this.name = "HttpError";
    Object.setPrototypeOf(this, HttpError.prototype);
  }

  get lasting(): boolean {
    return this.status >= 400 && this.status < 500 && this.status !== 408 && this.status !== 429;
  }
}

const WORDS: Record<string, { zh: string; en: string }> = {
  offline: { zh: "网络没有连上，稍后会自动再试", en: "No connection. It will be tried again by itself" },
  busy: { zh: "现在人数较多，稍后会自动再试", en: "Many people are here just now. It will be tried again by itself" },
  signin: { zh: "登录已过期，请重新登录", en: "You have been signed out. Please sign in again" },
  failed: { zh: "没有成功，请稍后再试", en: "That did not work. Please try again later" },
};

function words(key: string): string {
  const entry = WORDS[key] ?? { zh: key, en: key };
  return document.documentElement.lang === "en" ? entry.en : entry.zh;
}

/** The token as it is now: read it anew for each request. */
export function csrfToken(): string {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]');
  const cookie = /(?:^|;\s*)csrftoken=([^;]+)/.exec(document.cookie);
  // The cookie is the newer one: signing in elsewhere changes it under an open page.
  return cookie?.[1] ?? meta?.content ?? "";
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => window.setTimeout(resolve, ms));
}

function retryAfter(response: Response): number {
  const seconds = Number(response.headers.get("Retry-After"));
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 60) * 1000 : 0;
}

async function failure(response: Response): Promise<HttpError> {
  let body: { error?: unknown; message?: unknown } = {};
  try {
    body = (await response.json()) ?? {};
  } catch {
    // An error page instead of JSON: our own words will do.
  }
  const code = typeof body.error === "string" ? body.error : `http_${response.status}`;
  const fallback = words(response.status === 401 ? "signin" : response.status >= 500 ? "busy" : "failed");
  const text = typeof body.message === "string" && body.message ? body.message : fallback;
  return new HttpError(response.status, code, text, retryAfter(response));
}

async function once<T>(url: string, body: unknown, options: SendOptions): Promise<T> {
  const abort = typeof AbortController === "function" ? new AbortController() : null;
  const timer = window.setTimeout(() => abort?.abort(), options.timeoutMs ?? 15000);
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (options.method !== "GET") headers["X-CSRFToken"] = csrfToken();
  try {
    const response = await fetch(url, {
      method: options.method ?? "POST",
      credentials: "same-origin",
      headers,
      keepalive: options.keepalive ?? false,
      redirect: "follow",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(abort ? { signal: abort.signal } : {}),
    });
    if (!response.ok) throw await failure(response);
    if (response.redirected && response.url.indexOf("/accounts/login") >= 0) {
      throw new HttpError(401, "signed_out", words("signin"));
    }
    return (response.status === 204 ? undefined : await response.json()) as T;
  } catch (error) {
    if (error instanceof HttpError) throw error;
    throw new HttpError(0, "offline", words("offline"));
  } finally {
    window.clearTimeout(timer);
  }
}

/**
 * Send `body` as JSON and return the answer's JSON.
 * @throws HttpError once the retries are used up, or at once when trying again cannot help.
 */
export async function send<T>(url: string, body?: unknown, options: SendOptions = {}): Promise<T> {
  const retries = options.retries ?? 0;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await once<T>(url, body, options);
    } catch (error) {
      if (!(error instanceof HttpError) || error.lasting || attempt >= retries) throw error;
      await pause(Math.max(error.retryAfterMs, jittered(doubled(attempt, { first: 1000, longest: 30_000 }))));
    }
  }
}

export function get<T>(url: string, options: SendOptions = {}): Promise<T> {
  return send<T>(url, undefined, { retries: 2, ...options, method: "GET" });
}
