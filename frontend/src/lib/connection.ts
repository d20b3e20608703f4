/**
 * Whether the line is there, said in the words that base.html carries on `#line`; calm, and gone as soon as it may. That
 * something is kept on the phone is only said where something is, and where the page itself does not say it.
 */
import { hasWaiting } from "./waiting";

const SHOWN_AFTER_RETURN_MS = 3000;

type Listener = (online: boolean) => void;
let timer = 0;

export function isOnline(): boolean {
  return navigator.onLine !== false;
}

/** Call `listener` at each change. Every island is a bundle of its own, so each listens for itself. */
export function onConnection(listener: Listener): void {
  window.addEventListener("online", () => listener(true));
  window.addEventListener("offline", () => listener(false));
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
