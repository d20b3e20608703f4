/** What every page needs, and no page depends on: the line's banner, no double submits, what waits to be sent, the service worker. */
import { isOnline, watchConnection } from "../lib/connection";
import { keepOnlyFor, keptOwner, rememberSize } from "../lib/kept";
import { hasWaiting, isServed } from "../lib/waiting";

/** Twice in a row, or without a line: a page of the browser's own would take the place of what was typed. */
function holdForms(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    // An island that sends by itself has its own way; the banner says what is waited for.
    if (!event.defaultPrevented && form.method === "post" && !isOnline()) {
      event.preventDefault();
      return;
    }
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    // A lost connection leaves the page standing: the form may be sent again.
    window.setTimeout(() => {
      delete form.dataset.sent;
    }, 8000);
  });
  // Back from the next page: Safari shows this one as it was left.
  window.addEventListener("pageshow", () => {
    for (const form of Array.from(document.forms)) delete form.dataset.sent;
  });
}

/** Without this the text is marked and copied by hand: the button is hidden until somebody can press it. */
function copyButtons(): void {
  for (const button of Array.from(document.querySelectorAll<HTMLButtonElement>("button[data-copy]"))) {
    const from = document.getElementById(button.dataset.copy ?? "") as HTMLTextAreaElement | null;
    if (!from) continue;
    button.hidden = false;
    button.addEventListener("click", () => {
      from.focus();
      from.select();
      from.setSelectionRange(0, from.value.length);
      // Old, and there in every WebView, on http too; what it could not copy stays marked.
      if (document.execCommand("copy")) button.textContent = button.dataset.done ?? "";
    });
  }
}

/** A code from a message is as long as it is: with its last digit the form goes by itself. */
function sendCodes(): void {
  const field = document.querySelector<HTMLInputElement>("input[data-sends]");
  field?.addEventListener("input", () => {
    const button = field.form?.querySelector<HTMLButtonElement>("button.btn");
    // Pasted with a space in it, or typed in full width, it is the same code.
    const digits = field.value.normalize("NFKC").replace(/\D/g, "");
    if (button && digits.length === Number(field.dataset.sends)) button.click();
  });
}

/** Low-data mode: a picture comes when it is asked for; without this its link opens it. */
function picturesOnTap(): void {
  document.addEventListener("click", (event) => {
    const link = (event.target as Element).closest?.<HTMLAnchorElement>("a[data-picture]");
    if (!link) return;
    event.preventDefault();
    const picture = document.createElement("img");
    picture.alt = link.dataset.alt ?? "";
    picture.width = Number(link.dataset.width);
    picture.height = Number(link.dataset.height);
    picture.src = link.href;
    link.parentNode?.replaceChild(picture, link);
  });
}

function registerWorker(): void {
  // Never required: WeChat and old WebViews have none.
  if (!("serviceWorker" in navigator)) return;
  window.addEventListener("load", () => {
    navigator.serviceWorker.register("/sw.js").catch(() => undefined);
  });
}

/** A record that the last page could not deliver goes from whichever page is opened next. */
function sendWhatWaits({ owner, outbox }: DOMStringMap): void {
  if (!owner || !outbox) return;
  window.addEventListener("load", () => {
    if (!hasWaiting(owner) || isServed()) return;
    const island = document.createElement("script");
    island.src = outbox;
    island.dataset.owner = owner;
    document.body.appendChild(island);
  });
}

/** Who signs out with something unsent is told: it waits for them on this phone alone, which may be somebody else's. */
function tellWhatWaits({ owner }: DOMStringMap): void {
  const said = document.querySelector<HTMLElement>("[data-waiting]");
  if (!said || !owner) return;
  const look = (): void => {
    said.hidden = !hasWaiting(owner);
  };
  look();
  window.setInterval(look, 2000);
}

const told = (document.currentScript as HTMLScriptElement | null)?.dataset ?? {};
sendWhatWaits(told);
tellWhatWaits(told);
watchConnection(told.owner ?? "");
if (told.owner || told.leaving) keepOnlyFor(told.owner ?? "").catch(() => undefined);
// For the pages that come without a line. Signed out, the size stays that of whoever keeps lessons here.
if (told.owner || !keptOwner()) rememberSize();
holdForms();
copyButtons();
sendCodes();
picturesOnTap();
registerWorker();
