/** Whether the line is there, said in the words that base.html carries on `#line`; calm, and gone as soon as it may. */

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

function changed(bar: HTMLElement | null): void {
  const online = isOnline();
  if (bar) {
    window.clearTimeout(timer);
    if (online) {
      show(bar, bar.dataset.online ?? "", true);
      timer = window.setTimeout(() => {
        bar.hidden = true;
      }, SHOWN_AFTER_RETURN_MS);
    } else {
      show(bar, bar.dataset.offline ?? "", false);
    }
  }
}

/** Watch the line and keep the page's banner right. Once a page. */
export function watchConnection(): void {
  const bar = document.getElementById("line");
  onConnection(() => changed(bar));
  if (!isOnline()) changed(bar);
}
