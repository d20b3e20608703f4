/** The next step of a lesson, which stands there as soon as enough of it has counted. */
import { optional } from "../lib/page";

/** What the server answers when a lesson is finished (courses/views.py). */
export interface Completed {
  onward: { text: string; url: string } | null;
}

/** Show where to go on; where the page has no place for it, or there is nowhere to go, nothing changes. */
export function leadOn(onward: Completed["onward"]): void {
  const place = optional("player-onward");
  const link = place?.querySelector("a");
  if (!onward || !place || !link) return;
  link.textContent = onward.text;
  link.href = onward.url;
  link.className = "btn"; // not before: a page has one button to press
  place.hidden = false;
}
