/** How the page and the lecture stand, in one sentence at the desk; while no picture is open it covers its place. */
import { byId, write } from "../lib/page";
import type { HostWords } from "../lib/sentences";
import { fill } from "../lib/words";
import { type DeskFacts, deskWord, isGood } from "./desk";

/** `isCovered`: there is no picture to be seen here; `over`: what became of it stands at the desk, with the steps. */
export function showState(
  words: HostWords,
  facts: DeskFacts,
  { reason, over, isCovered }: { reason: string; over: boolean; isCovered: boolean },
): void {
  const word = deskWord(facts);
  const box = byId("desk-state");
  write(box, fill(words, word, { reason }));
  // What the audience gets stands above; how the line is, is no news while it is good.
  box.hidden = word === "good";
  box.className = `desk-state ${isGood(word) ? "good" : "off"}`;
  byId("cover").hidden = !isCovered;
  // Twice on one page is once too often.
  byId("cover-text").textContent = over ? "" : box.textContent;
}
