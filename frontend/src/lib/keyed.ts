/** A list on the page whose rows stay: changed in place, so that a finger on a row still hits what it saw. */

export interface KeyedRow<T> {
  element: HTMLElement;
  /** Write what may change while the row stands. */
  update(one: T): void;
}

export interface KeyedEvents<T> {
  key(one: T): string | number;
  /** What its parts depend on: a row of another shape is made anew. */
  shape(one: T): string;
  make(one: T): KeyedRow<T>;
}

interface Standing<T> {
  shape: string;
  row: KeyedRow<T>;
}

export class KeyedList<T> {
  private rows = new Map<string | number, Standing<T>>();

  constructor(
    private readonly list: HTMLElement,
    private readonly events: KeyedEvents<T>,
  ) {}

  show(items: T[]): void {
    const rows = new Map<string | number, Standing<T>>();
    for (const one of items) {
      const key = this.events.key(one);
      const shape = this.events.shape(one);
      const before = this.rows.get(key);
      const standing = before?.shape === shape ? before : { shape, row: this.events.make(one) };
      standing.row.update(one);
      rows.set(key, standing);
    }
    this.rows.forEach((before, key) => {
      if (rows.get(key) !== before) before.row.element.remove();
    });
    this.rows = rows;
    this.place(Array.from(rows.values()).map((one) => one.row.element));
  }

  /** Move only what changed its place: a row that is taken out loses the tap that has begun on it. */
  private place(wanted: HTMLElement[]): void {
    const stands = Array.from(this.list.children);
    wanted.forEach((element, place) => {
      if (stands[place] === element) return;
      if (stands[place + 1] === element) {
        // The one before it went further down, and is put there in its turn.
        stands.splice(place, 1);
        return;
      }
      const was = stands.indexOf(element);
      if (was >= 0) stands.splice(was, 1);
      this.list.insertBefore(element, stands[place] ?? null);
      stands.splice(place, 0, element);
    });
  }
}
