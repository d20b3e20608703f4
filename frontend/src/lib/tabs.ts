/** Tabs inside a page: `#tab-<name>` opens `#panel-<name>` and closes the others. */
import { byId } from "./page";

export function startTabs(names: readonly string[]): void {
  const open = (chosen: string): void => {
    document.body.dataset.tab = chosen;
    for (const name of names) {
      byId(`tab-${name}`).setAttribute("aria-selected", String(name === chosen));
      byId(`panel-${name}`).hidden = name !== chosen;
    }
  };
  for (const name of names) byId(`tab-${name}`).addEventListener("click", () => open(name));
}
