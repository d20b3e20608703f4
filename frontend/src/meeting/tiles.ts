/** The pictures on the page, each with its name, and the names of those who are heard without one. */
import type { Sitting } from "../lib/frames";
import { KeyedList } from "../lib/keyed";
import { byId } from "../lib/page";
import type { MeetingWords } from "../lib/sentences";
import { fill } from "../lib/words";
import { columns } from "./order";

export interface Tile {
  seat: Sitting;
  isOwn: boolean;
  isHeard: boolean;
  track: MediaStreamTrack | null;
}

export class Tiles {
  private readonly box = byId("tiles");
  private readonly list: KeyedList<Tile>;
  private readonly names: KeyedList<Tile>;

  constructor(private readonly words: MeetingWords) {
    this.list = new KeyedList<Tile>(this.box, {
      key: ({ seat }) => seat.member,
      shape: () => "",
      make: (tile) => this.make(tile),
    });
    this.names = new KeyedList<Tile>(byId("voices"), {
      key: ({ seat }) => seat.member,
      shape: () => "",
      make: (tile) => this.name(tile),
    });
  }

  show(tiles: Tile[], voices: Tile[], isWide: boolean): void {
    this.box.dataset.columns = String(columns(tiles.length, isWide));
    this.list.show(tiles);
    this.names.show(voices);
    byId("voices").hidden = voices.length === 0;
  }

  private label({ seat, isOwn }: Tile): string {
    const name = isOwn ? fill(this.words, "you", { name: seat.name }) : seat.name;
    return seat.floor ? `${name} · ${fill(this.words, "floor_mark")}` : name;
  }

  private make(_: Tile): { element: HTMLElement; update(tile: Tile): void } {
    const element = document.createElement("li");
    element.className = "tile";
    const video = document.createElement("video");
    video.muted = true;
    video.autoplay = true;
    video.setAttribute("playsinline", "");
    const name = document.createElement("span");
    name.className = "tile-name";
    element.append(video, name);
    let shown: MediaStreamTrack | null = null;
    const update = (tile: Tile): void => {
      if (tile.track !== shown) {
        shown = tile.track;
        video.srcObject = shown ? new MediaStream([shown]) : null;
        void video.play().catch(() => undefined);
      }
      element.classList.toggle("mirror", tile.isOwn);
      this.mark(element, tile);
      name.textContent = this.label(tile);
    };
    return { element, update };
  }

  private name(_: Tile): { element: HTMLElement; update(tile: Tile): void } {
    const element = document.createElement("li");
    element.className = "voice";
    const update = (tile: Tile): void => {
      this.mark(element, tile);
      element.textContent = this.label(tile);
    };
    return { element, update };
  }

  private mark(element: HTMLElement, { isHeard, seat }: Tile): void {
    element.classList.toggle("heard", isHeard);
    element.classList.toggle("floor", seat.floor);
  }
}
