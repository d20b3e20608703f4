/**
 * Whether the line is there, said in the words that base.html carries on `#line`; calm, and gone as soon as it may. That
 * something is kept on the phone is only said where something is, and where the page itself does not say it.
 */
import { hasWaiting } from "./waiting";

const SHOWN_AFTER_RETURN_MS = 3000;
const ASKED_AGAIN_MS = 5000;
/** Answered without a session, a database or a body. */
const PROBE = "/healthz";

type Listener = (online: boolean) => void;
let timer = 0;
/** What our server said while the browser says that there is no network: the page itself has come. */
let answers = true;
let asking: Promise<boolean> | null = null;

export function isOnline(): boolean {
  return navigator.onLine !== false || answers;
}

/** Whether our server answers; one question at a time, however many would know. */
function ask(): Promise<boolean> {
  const said = (came: boolean): boolean => {
    asking = null;
    return came;
  };
  asking ??= fetch(PROBE, { method: "HEAD", cache: "no-store" }).then(
    () => said(true),
    () => said(false),
  );
  return asking;
}

/**
 * Call `listener` at each change. Every island is a bundle of its own, so each listens for itself.
 *
 * A browser says "no network" in a village's LAN without a way out, too, in which our server answers: so it is asked,
 * and again for as long as nobody answers. Without a network at all that fails at once.
 */
export function onConnection(listener: Listener): void {
  let last = true;
  const tell = (online: boolean): void => {
    answers = last = online;
    listener(online);
  };
  const doubt = async (): Promise<void> => {
    const came = await ask();
    if (navigator.onLine !== false) return; // said meanwhile by the browser itself
    if (came !== last) tell(came);
    if (!came) window.setTimeout(() => void doubt(), ASKED_AGAIN_MS);
  };
  window.addEventListener("online", () => tell(true));
  window.addEventListener("offline", () => void doubt());
  if (navigator.onLine === false) void doubt();
}

function show(bar: HTMLElement, text: string, back: boolean): void {
  bar.textContent = text;
  bar.classList.toggle("back", back);
  bar.hidden = false;
}

function changed(bar: HTMLElement, owner: string): void {
  const kept = hasWaiting(owner) && !document.getElementById("player-state");
  const { online, offline, sending, kept: keptWords } = bar.dataset;
  window.clearTimeout(timer);
  if (isOnline()) {
    show(bar, (kept ? sending : online) ?? "", true);
    timer = window.setTimeout(() => {
      bar.hidden = true;
    }, SHOWN_AFTER_RETURN_MS);
  } else {
    show(bar, (kept ? keptWords : offline) ?? "", false);
  }
}

/** Watch the line and keep the page's banner right. Once a page. `owner`: whose records may wait; "" for anybody's. */
export function watchConnection(owner: string): void {
  const bar = document.getElementById("line");
  if (!bar) return;
  onConnection(() => changed(bar, owner));
  if (!isOnline()) changed(bar, owner);
}
