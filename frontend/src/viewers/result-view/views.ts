export const VIEWS = ["tree", "table", "chart", "image", "json"] as const;
export type View = (typeof VIEWS)[number];

export type Row = Record<string, unknown>;

const IMAGE_STARTS = ["iVBORw0KGgo", "/9j/", "R0lGOD", "UklGR"];

/** Returns the ways in which a value can be shown. */
export function viewsOf(value: unknown): View[] {
  const fits: Record<View, boolean> = { tree: true, json: true, table: rowsOf(value) !== null, chart: seriesOf(value).length > 0, image: imagesOf(value).length > 0 };
  return VIEWS.filter((view) => fits[view]);
}

/** Returns the rows of a value: it, or one of its members, is a list of objects. */
export function rowsOf(value: unknown): Row[] | null {
  const lists = [value, ...membersOf(value).map(([, member]) => member)];
  return (lists.find((list) => Array.isArray(list) && list.length > 0 && list.every(isRow)) as Row[] | undefined) ?? null;
}

/** Returns the lists of numbers of a value, each with its name. */
export function seriesOf(value: unknown): { name: string; points: number[] }[] {
  const named: [string, unknown][] = Array.isArray(value) ? [["", value]] : membersOf(value);
  return named.filter(([, list]) => isSeries(list)).map(([name, list]) => ({ name, points: list as number[] }));
}

/** Returns the pictures of a value: texts in base64 that begin as PNG, JPEG, GIF or WebP do. */
export function imagesOf(value: unknown): { name: string; base64: string }[] {
  const named: [string, unknown][] = typeof value === "string" ? [["", value]] : membersOf(value);
  return named.filter(([, text]) => isImage(text)).map(([name, text]) => ({ name, base64: text as string }));
}

function membersOf(value: unknown): [string, unknown][] {
  return isRow(value) ? Object.entries(value) : [];
}

function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSeries(list: unknown): boolean {
  return Array.isArray(list) && list.length > 2 && list.every((point) => typeof point === "number" && Number.isFinite(point));
}

function isImage(text: unknown): boolean {
  return typeof text === "string" && text.length > 60 && IMAGE_STARTS.some((start) => text.startsWith(start));
}
