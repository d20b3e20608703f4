/** The page in which a package plays: the frame, what it says, and whether that is kept. */
import { send } from "../lib/http";
import { byId, readData, write } from "../lib/page";
import { type Given, LEAVE, nameOf, readMessage, type State } from "../lib/scorm";
import { Keeper, type Report } from "./keeper";

interface PackagePage {
  /** Where the package begins. */
  src: string;
  /** Where reports go; "" where nothing is kept. */
  report_url: string;
  version: number;
  seen: number;
  /** The id of the last report that was kept; "" before the first. */
  last: string;
  /** Whose and which: the name of what waits in this browser. */
  name: string;
  state: State;
  given: Partial<Given>;
}

const page = readData<PackagePage>("package-page") as PackagePage;
const words = readData<Record<string, string>>("package-words") as Record<string, string>;
const said = byId("package-said");
const again = byId("package-again");
const frame = document.createElement("iframe");
const EVERY_MS = 5000;
/** A package that is left has so long to say where it was left. */
const CLOSES_MS = 300;
/** Signs: browsers take no more than 64 KiB along when a page is left; what is longer waits in the storage. */
const LONGEST_ALONG = 16_000;
let timer: number | null = null;
let latest: State | null = null;

function stored(): Report | null {
  try {
    return JSON.parse(window.localStorage.getItem(page.name) || "null") as Report | null;
  } catch {
    return null;
  }
}

function store(report: Report | null): void {
  try {
    if (report) window.localStorage.setItem(page.name, JSON.stringify(report));
    else window.localStorage.removeItem(page.name);
  } catch {
    // Without a storage what was not sent is lost with the page.
  }
}

function id(): string {
  const bytes = window.crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => (byte < 16 ? "0" : "") + byte.toString(16)).join("");
}

const keeper = new Keeper(
  {
    send: (report) =>
      send<{ revision: number; note?: string }>(page.report_url, report, {
        retries: 0,
        keepalive: report.suspend.length < LONGEST_ALONG,
      }),
    store,
    said: (word, why) => {
      write(said, why || words[word] || "");
      again.hidden = word !== "stopped";
    },
    id,
    later: (run, ms) => void window.setTimeout(run, ms),
  },
  page.version,
  page.seen,
  page.state.suspend,
  words.gone,
);

function hand(): void {
  if (timer !== null) window.clearTimeout(timer);
  timer = null;
  if (latest) keeper.keep(latest);
  latest = null;
}

function heard(event: MessageEvent): void {
  // Of no origin, so who speaks is known by the window alone.
  const message = event.source === frame.contentWindow ? readMessage(event.data) : null;
  if (!message || !page.report_url) return;
  const { kind: _kind, final, ...state } = message;
  latest = state;
  if (final) hand();
  else if (timer === null) timer = window.setTimeout(hand, EVERY_MS);
}

/**
 * By a link of this page. Most packages say where they were left as their window closes, which comes after our own
 * end, when nobody hears them: so the package is told first.
 */
function leave(event: MouseEvent): void {
  const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>("a[href]") : null;
  const elsewhere = event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey;
  if (!link || elsewhere || link.target || link.hasAttribute("download") || !page.report_url) return;
  event.preventDefault();
  window.setTimeout(() => window.location.assign(link.href), CLOSES_MS);
  frame.contentWindow?.postMessage(LEAVE, "*");
}

function start(): void {
  let state = page.state;
  const left = page.report_url ? stored() : null;
  // What followed a report whose acknowledgement never came follows it still.
  const isNext = left && (left.seen === page.seen || Boolean(left.after && left.after === page.last));
  if (left && left.version === page.version && isNext) {
    state = left;
    keeper.resend(left);
  } else if (left) {
    // Of the version before, what was not sent is kept with that one, for a day.
    if (left.version < page.version) send(page.report_url, left, { retries: 2 }).catch(() => undefined);
    store(null);
  }
  // Many packages ask and tell by alert and confirm, which show whose words they are.
  frame.setAttribute("sandbox", "allow-scripts allow-forms allow-modals");
  frame.className = "package-frame";
  frame.title = document.title;
  frame.name = nameOf({ ...state, given: page.given });
  frame.src = page.src;
  byId("package-place").appendChild(frame);
}

window.addEventListener("message", heard);
window.addEventListener("pagehide", hand);
window.addEventListener("online", () => keeper.again());
document.addEventListener("click", leave);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") hand();
});
again.addEventListener("click", () => window.location.reload());
start();
