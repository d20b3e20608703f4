/** Whether one of the chosen files has more than `most` bytes; a limit that is no number is none. */
export function isTooLarge(files: ArrayLike<{ size: number }> | null, most: number): boolean {
  return Array.from(files ?? []).some((file) => file.size > most);
}
