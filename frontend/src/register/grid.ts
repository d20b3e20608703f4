/** How one moves between the cells of the register by keyboard; knows no page. */

export interface At {
  row: number;
  column: number;
}

/**
 * The place to which a key leads, or null for a key that moves nobody. Home and End go to the ends of the row, with Ctrl
 * to those of the whole.
 */
export function moved(key: string, at: At, rows: number, columns: number, far = false): At | null {
  const last = { row: rows - 1, column: columns - 1 };
  const to: { [key: string]: At } = {
    ArrowUp: { row: at.row - 1, column: at.column },
    ArrowDown: { row: at.row + 1, column: at.column },
    ArrowLeft: { row: at.row, column: at.column - 1 },
    ArrowRight: { row: at.row, column: at.column + 1 },
    Home: { row: far ? 0 : at.row, column: 0 },
    End: { row: far ? last.row : at.row, column: last.column },
  };
  const found = to[key];
  if (!found) return null;
  return {
    row: Math.max(0, Math.min(last.row, found.row)),
    column: Math.max(0, Math.min(last.column, found.column)),
  };
}
