/** The question of the room, and its result once a host shows it, for the last row. */
import type { PollEvent } from "../lib/frames";
import { made } from "../lib/made";
import { byId, write } from "../lib/page";
import type { ScreenWords } from "../lib/sentences";
import { fill } from "../lib/words";
import { share } from "../room/asked";

/** Open, or closed with a result that is shown: what is closed without one is no matter of the hall's. */
export function isShown(poll: PollEvent | null): boolean {
  return !!poll && (poll.open || poll.counts.length > 0);
}

export function showPoll(words: ScreenWords, poll: PollEvent | null): void {
  byId("poll").hidden = !isShown(poll);
  byId("code").hidden = isShown(poll) && !poll?.open;
  const list = byId("poll-options");
  list.textContent = "";
  if (!poll || !isShown(poll)) return;
  write(byId("poll-text"), poll.text);
  write(byId("poll-word"), fill(words, poll.open ? "poll_open" : "poll_result"));
  for (const [place, option] of poll.options.entries()) {
    const right = poll.right.indexOf(place) >= 0;
    const row = made("li", right ? "right" : "", right ? `${option} · ${fill(words, "right_option")}` : option);
    const count = poll.counts[place];
    if (count !== undefined) {
      row.appendChild(made("b", "", fill(words, "count", { n: count })));
      const bar = made("span", "hall-bar");
      bar.setAttribute("aria-hidden", "true");
      const full = made("span", "hall-full");
      full.style.width = `${share(count, poll.counts)}%`;
      bar.appendChild(full);
      row.appendChild(bar);
    }
    list.appendChild(row);
  }
}
