/** The notice that a host pinned, above the talk: two lines of it, the rest by a tap. */
import { byId, write } from "../lib/page";

export function startNotice(): void {
  byId("notice-open").addEventListener("click", () => open(true));
  byId("notice-close").addEventListener("click", () => open(false));
  // Another width, another size of the letters.
  window.addEventListener("resize", () => fitNotice());
}

export function showNotice(text: string): void {
  const isNews = byId("notice-text").textContent !== text;
  byId("notice").hidden = !text;
  write(byId("notice-text"), text);
  if (isNews) open(false);
  else fitNotice();
}

let isOpen = false;

function open(on: boolean): void {
  isOpen = on;
  byId("notice").className = on ? "pinned open" : "pinned";
  fitNotice();
}

/** No key where nothing is cut. */
export function fitNotice(): void {
  const text = byId("notice-text");
  byId("notice-open").hidden = isOpen || text.scrollHeight <= text.clientHeight + 1;
  byId("notice-close").hidden = !isOpen;
}
