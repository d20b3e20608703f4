/** The page's parts and data as the template lays them out; template and island are one. */

/** The element with that id; a missing one is a mistake of ours. */
export function byId<T extends Element = HTMLElement>(id: string): T {
  const found = optional<T>(id);
  if (!found) throw new Error(`#${id} is missing`);
  return found;
}

export function optional<T extends Element = HTMLElement>(id: string): T | null {
  return document.getElementById(id) as unknown as T | null;
}

/** What the view gave by `json_script`; null where this page has none. */
export function readData<T>(id: string): T | null {
  return JSON.parse(optional(id)?.textContent || "null") as T | null;
}

/** Write only what is new: a text that is set again is read out again. */
export function write(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** The phone's bars come and go: the page is as high as what is left (--room-height). */
export function fitHeight(): void {
  const fit = (): void => document.documentElement.style.setProperty("--room-height", `${window.innerHeight}px`);
  window.addEventListener("resize", fit);
  fit();
}
