/** Whoever was removed from a room waits for being let in again: the page asks now and then, and loads itself anew. */
import { jittered } from "../lib/backoff";
import { deviceId } from "../lib/device";
import { get, HttpError } from "../lib/http";

const ASK_MS = 20_000;

/** `ticket`: the address that gives a ticket as soon as one may come in; `enter` is called once, when it does. */
export function awaitReturn(ticket: string, enter: () => void): void {
  const ask = async (): Promise<void> => {
    try {
      await get(`${ticket}?device=${deviceId()}`, { retries: 0 });
    } catch (error) {
      // Signed out: the page asks for that by itself when it is loaded again, and asking on is of no use.
      if (!(error instanceof HttpError && error.status === 401)) later();
      return;
    }
    enter();
  };
  const later = (): void => void window.setTimeout(() => void ask(), jittered(ASK_MS));
  later();
}

/** The page that stands at the room's address meanwhile (live/removed.html). */
export function startRemoved(): void {
  const { ticket } = document.getElementById("removed")?.dataset ?? {};
  if (ticket) awaitReturn(ticket, () => location.reload());
}
