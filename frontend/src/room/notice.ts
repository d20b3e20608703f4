/** The notice that a host pinned, above the talk. */
import { byId, write } from "../lib/page";

export function showNotice(text: string): void {
  byId("notice").hidden = !text;
  write(byId("notice-text"), text);
}
