/** As much of a browser as the code under test asks for, with a clock that the test moves. */
import { mock } from "node:test";

type Listener = (event: unknown) => void;

export class FakeStorage {
  readonly items = new Map<string, string>();
  /** As in a browser that keeps nothing. */
  isRefused = false;

  getItem(key: string): string | null {
    this.check();
    return this.items.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.check();
    this.items.set(key, value);
  }

  removeItem(key: string): void {
    this.check();
    this.items.delete(key);
  }

  private check(): void {
    if (this.isRefused) throw new Error("storage is refused");
  }
}

/** `Object.keys(localStorage)` names what is kept, as in a browser. */
function listed(storage: FakeStorage): FakeStorage {
  return new Proxy(storage, {
    ownKeys: (target) => Array.from(target.items.keys()),
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
    get: (target, name) => {
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

class FakeTarget {
  private readonly listeners = new Map<string, Listener[]>();

  addEventListener(name: string, listener: Listener): void {
    this.listeners.set(name, [...(this.listeners.get(name) ?? []), listener]);
  }

  removeEventListener(name: string, listener: Listener): void {
    this.listeners.set(
      name,
      (this.listeners.get(name) ?? []).filter((other) => other !== listener),
    );
  }

  dispatch(name: string, event: unknown = {}): void {
    for (const listener of this.listeners.get(name) ?? []) listener(event);
  }
}

export class FakeElement extends FakeTarget {
  private text = "";
  value = "";
  checked = false;
  className = "";
  hidden = false;
  disabled = false;
  dataset: Record<string, string> = {};
  style: Record<string, string> = {};
  scrollTop = 0;
  scrollHeight = 0;
  clientHeight = 0;
  children: FakeElement[] = [];
  /** What was put at a place in it, in order. */
  readonly moved: FakeElement[] = [];
  readonly attributes: Record<string, string> = {};
  readonly classList = {
    add: (name: string): void => {
      this.className = `${this.className} ${name}`.trim();
    },
    toggle: (name: string, on: boolean): void => {
      const others = this.className.split(" ").filter((one) => one !== name);
      this.className = (on ? [...others, name] : others).join(" ").trim();
    },
  };
  private parent: FakeElement | null = null;

  get textContent(): string {
    return this.text;
  }

  /** As in a browser, what stood in it is gone. */
  set textContent(text: string) {
    this.text = text;
    this.children = [];
  }

  setAttribute(name: string, value: string): void {
    this.attributes[name] = value;
  }

  getAttribute(name: string): string | null {
    return this.attributes[name] ?? null;
  }

  removeAttribute(name: string): void {
    delete this.attributes[name];
  }

  append(...made: (FakeElement | string)[]): void {
    for (const one of made) if (typeof one !== "string") this.appendChild(one);
  }

  appendChild(made: FakeElement): FakeElement {
    made.parent = this;
    this.children.push(made);
    return made;
  }

  insertBefore(made: FakeElement, before: FakeElement | null): void {
    made.remove();
    this.moved.push(made);
    made.parent = this;
    const at = before ? this.children.indexOf(before) : this.children.length;
    this.children.splice(at, 0, made);
  }

  remove(): void {
    if (this.parent) this.parent.children = this.parent.children.filter((one) => one !== this);
  }

  querySelector(selector: string): FakeElement | null {
    return this.children.find((one) => one.className.split(" ").includes(selector.slice(1))) ?? null;
  }

  focus(): void {
    // Nothing follows the focus here.
  }

  get firstChild(): FakeElement | null {
    return this.children[0] ?? null;
  }

  get lastElementChild(): FakeElement | null {
    return this.children[this.children.length - 1] ?? null;
  }

  get previousElementSibling(): FakeElement | null {
    return this.sibling(-1);
  }

  get nextSibling(): FakeElement | null {
    return this.sibling(1);
  }

  private sibling(step: number): FakeElement | null {
    const row = this.parent?.children ?? [];
    return row[row.indexOf(this) + step] ?? null;
  }
}

export class FakeDocument extends FakeTarget {
  visibilityState = "visible";
  cookie = "csrftoken=token";
  body = new FakeElement();
  documentElement = { lang: "zh-hans", dataset: {} as Record<string, string> };
  readonly elements = new Map<string, FakeElement>();

  /** Every element that is asked for is there. */
  getElementById(id: string): FakeElement {
    const found = this.elements.get(id) ?? new FakeElement();
    this.elements.set(id, found);
    return found;
  }

  createElement(): FakeElement {
    return new FakeElement();
  }

  querySelector(): null {
    return null;
  }

  querySelectorAll(): FakeElement[] {
    return [];
  }
}

export class FakeSocket {
  static readonly OPEN = 1;
  static made: FakeSocket[] = [];
  readyState = FakeSocket.OPEN;
  readonly sent: string[] = [];
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  constructor(readonly url: string) {
    FakeSocket.made.push(this);
  }

  static get last(): FakeSocket {
    const last = FakeSocket.made[FakeSocket.made.length - 1];
    if (!last) throw new Error("no socket was opened");
    return last;
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.readyState = 3;
  }

  says(frame: unknown): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  ends(code: number): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }
}

export interface Asked {
  url: string;
  body: Record<string, unknown>;
}

export interface Answer {
  status: number;
  body?: unknown;
}

export class Browser {
  readonly window = new FakeTarget();
  readonly document = new FakeDocument();
  readonly localStorage = new FakeStorage();
  readonly sessionStorage = new FakeStorage();
  readonly navigator = { onLine: true };
  /** The browser says that there is no network, and the server answers all the same. */
  isLan = false;
  readonly asked: Asked[] = [];
  /** What the server answers; "down": nobody does. */
  answers: (asked: Asked) => Answer | "down" = () => ({ status: 200, body: {} });

  constructor() {
    mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: 1_000_000 });
    FakeSocket.made = [];
    const window = Object.assign(this.window, {
      localStorage: listed(this.localStorage),
      sessionStorage: listed(this.sessionStorage),
      crypto: globalThis.crypto,
      // Asked for at each call: the test's clock takes the place of node's.
      setTimeout: (run: () => void, ms: number) => globalThis.setTimeout(run, ms),
      setInterval: (run: () => void, ms: number) => globalThis.setInterval(run, ms),
      clearTimeout: (timer: number) => globalThis.clearTimeout(timer),
      clearInterval: (timer: number) => globalThis.clearInterval(timer),
      requestAnimationFrame: (run: () => void) => globalThis.setTimeout(run, 16),
    });
    const globals: Record<string, unknown> = {
      window,
      document: this.document,
      navigator: this.navigator,
      location: { protocol: "https:", host: "site" },
      performance: { now: () => Date.now() },
      WebSocket: FakeSocket,
      fetch: (url: string, options: { body?: string }) => this.fetch(url, options),
    };
    for (const [name, value] of Object.entries(globals)) {
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    }
  }

  /** Let time pass, second by second, and what waits for an answer get it. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 250) {
      mock.timers.tick(Math.min(250, left));
      await this.settle();
    }
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  }

  online(on: boolean): void {
    this.navigator.onLine = on;
    this.window.dispatch(on ? "online" : "offline");
  }

  leave(): void {
    mock.timers.reset();
  }

  private fetch(url: string, { body }: { body?: string }): Promise<unknown> {
    if (!this.navigator.onLine && !this.isLan) return Promise.reject(new TypeError("failed to fetch"));
    if (url === "/healthz") return Promise.resolve({ ok: true, status: 200 });
    const asked = { url, body: body ? JSON.parse(body) : {} };
    this.asked.push(asked);
    const answer = this.answers(asked);
    if (answer === "down") return Promise.reject(new TypeError("failed to fetch"));
    return Promise.resolve({
      ok: answer.status < 400,
      status: answer.status,
      redirected: false,
      url,
      headers: { get: () => null },
      json: () => Promise.resolve(answer.body ?? {}),
    });
  }
}

/** `Math.random` gives this from now on. */
export function chance(value: number): void {
  Math.random = () => value;
}
