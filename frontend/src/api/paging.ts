/** Returns how many to leave out for the page after those that are there, or undefined after the last one. */
export function nextSkip(_last: unknown, pages: { total: number; items: unknown[] }[]): number | undefined {
  const known = pages.reduce((sum, { items }) => sum + items.length, 0);
  const { total, items } = pages.at(-1) ?? { total: 0, items: [] };
  return items.length > 0 && known < total ? known : undefined;
}
