/** Sends what an earlier page left behind. The shell loads this where something waits and no other island sends it. */
import { Outbox } from "../lib/outbox";

const owner = (document.currentScript as HTMLScriptElement | null)?.dataset.owner;
if (owner) new Outbox({ owner });
