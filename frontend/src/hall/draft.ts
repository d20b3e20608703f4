/** What a helper has ticked, kept on the phone from tap to acknowledgement; and whom typed text means. No page in here. */
import { recall, remember } from "../lib/storage";

export const KEPT_MS = 7 * 24 * 3600 * 1000;

export interface Draft {
  members: string[];
  startedAt: string;
  endedAt: string;
  at: number;
}

export const EMPTY: Draft = { members: [], startedAt: "", endedAt: "", at: 0 };

/** Last week's ticks of one hall by one person on this phone; a reload, or a page that was closed, loses none. */
export function draftAt(key: string, now: number): Draft {
  const kept = recall<Draft>("localStorage", key, EMPTY);
  return Array.isArray(kept.members) && now - kept.at < KEPT_MS ? kept : EMPTY;
}

/** Nothing ticked is nothing to keep. */
export function keepDraft(key: string, draft: Draft): void {
  remember("localStorage", key, draft.members.length > 0 ? draft : null);
}

export function isDigits(sought: string): boolean {
  return /^[0-9]{4}$/.test(sought);
}

/** Part of the name, or the beginning of its initials; what is typed in capitals or with spaces means the same. */
export function isMeant(sought: string, name: string, letters: string): boolean {
  const typed = sought.replace(/\s+/g, "").toLowerCase();
  return name.toLowerCase().indexOf(typed) >= 0 || letters.indexOf(typed) === 0;
}
