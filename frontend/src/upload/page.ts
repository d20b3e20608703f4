/** What the server put on the page for this island. */
import { readData } from "../lib/page";
import type { UploadWords } from "../lib/sentences";

/** A file of mine that the server knows: begun and not finished, or sent within the last days. */
export interface Known {
  name: string;
  size: number;
  title: string;
  /** Of one that is not finished: its address, and how far it is. */
  url: string;
  percent: number;
}

export interface Page {
  /** Where the state of videos is asked. */
  status: string;
  /** Whose uploads this browser remembers: two people may share a computer. */
  user: number;
  /** The list of videos. */
  videos: string;
  /** Only on the upload page: the largest file in bytes, and the files that the server knows, from any device. */
  limit?: number;
  unfinished?: Known[];
  sent?: Known[];
}

interface Given {
  page: Page;
  words: Partial<UploadWords>;
}

let cached: Given | null = null;

function all(): Given {
  cached = cached ?? {
    page: readData<Page>("upload-page") ?? ({} as Page),
    words: readData<UploadWords>("upload-words") ?? {},
  };
  return cached;
}

export function page(): Page {
  return all().page;
}

export function word(key: keyof UploadWords): string {
  return all().words[key] ?? key;
}

export function timeLeft(minutes: number): string {
  return minutes < 1 ? word("soon") : word("left").replace("%s", String(Math.ceil(minutes)));
}

/** The element that must be there: the templates and this island belong together. */
export function part<T extends HTMLElement>(root: ParentNode, selector: string): T {
  const found = root.querySelector<T>(selector);
  if (!found) throw new Error(`missing ${selector}`);
  return found;
}
