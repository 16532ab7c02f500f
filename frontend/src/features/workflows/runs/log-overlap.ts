/** Returns lines without those with which the known ones end already. */
export function withoutOverlap(known: readonly string[], lines: readonly string[]): readonly string[] {
  for (let count = Math.min(known.length, lines.length); count > 0; count -= 1) {
    const start = known.length - count;
    if (lines.slice(0, count).every((line, index) => known[start + index] === line)) return lines.slice(count);
  }
  return lines;
}
