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

/** A code from a message is as long as it is, however it was pasted: with its last digit the form goes by itself. */
function sendCodes(): void {
  const field = document.querySelector<HTMLInputElement>("input[data-sends]");
  const length = Number(field?.dataset.sends);
  field?.addEventListener("input", (event) => {
    if ((event as InputEvent).isComposing) return;
    const digits = field.value.normalize("NFKC").replace(/\D/g, "").slice(0, length);
    if (digits !== field.value) field.value = digits;
    const button = field.form?.querySelector<HTMLButtonElement>("button.btn");
    if (button && digits.length === length) button.click();
  });
  // Back from the next page with the wrong code still in it: there is no room for another behind it.
  window.addEventListener("pageshow", (event) => {
    if (field && event.persisted) field.value = "";
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

const told = (document.currentScript as HTMLScriptElement | null)?.dataset ?? {};
sendWhatWaits(told);
watchConnection(told.owner ?? "");
if (told.owner || told.leaving) keepOnlyFor(told.owner ?? "").catch(() => undefined);
// Whoever changes the size of type after keeping a lesson reads it in that size on the train, too.
if (told.owner && keptOwner() === told.owner) rememberSize();
holdForms();
copyButtons();
sendCodes();
picturesOnTap();
registerWorker();
