/** Part of a line that looks the same all along. */
export interface Segment {
  text: string;
  /** Names of styles: `bold`, `fg1`, `bg4`… */
  styles: readonly string[];
  /** A colour beyond the sixteen that have names. */
  color?: string;
}

interface Look {
  styles: Set<string>;
  color?: string;
}

// Escape sequences: those that set looks (CSI … m), all others, titles (OSC), and what no page can show.
const SEQUENCE = /\u001b\[([\d;:]*)m|\u001b\[[\d;?<=>]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[@-Z\\-_]|[\u0000-\u0008\u000b-\u001f\u007f]/g;

const SWITCHES: Record<number, string> = { 1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse", 9: "strike" };
const ENDS: Record<number, string[]> = { 22: ["bold", "dim"], 23: ["italic"], 24: ["underline"], 27: ["inverse"], 29: ["strike"] };

/** Returns a line in parts by what its escape sequences say; what they say beyond looks is left out. */
export function segmentsOf(line: string): Segment[] {
  if (!line.includes("\u001b")) return [{ text: line.replace(SEQUENCE, ""), styles: [] }];
  const segments: Segment[] = [];
  let look: Look = { styles: new Set() };
  let start = 0;
  for (const match of line.matchAll(SEQUENCE)) {
    add(segments, line.slice(start, match.index), look);
    if (match[1] !== undefined) look = changed(look, match[1]);
    start = match.index + match[0].length;
  }
  add(segments, line.slice(start), look);
  return segments;
}

/** Returns the text of a line alone. */
export function plainText(line: string): string {
  return line.replace(SEQUENCE, "");
}

function add(segments: Segment[], text: string, look: Look): void {
  if (text !== "") segments.push({ text, styles: [...look.styles], color: look.color });
}

function changed(look: Look, codes: string): Look {
  const numbers = codes.split(/[;:]/).map(Number);
  const next: Look = { styles: new Set(look.styles), color: look.color };
  while (numbers.length > 0) apply(next, numbers.shift() ?? 0, numbers);
  return next;
}

function apply(look: Look, code: number, rest: number[]): void {
  if (code === 0) Object.assign(look, { styles: new Set(), color: undefined });
  else if (SWITCHES[code]) look.styles.add(SWITCHES[code]);
  else if (ENDS[code]) ENDS[code].forEach((name) => look.styles.delete(name));
  else if (code === 38 || code === 48) extended(look, code, rest);
  else if (code === 39) setColor(look, "fg", null);
  else if (code === 49) setColor(look, "bg", null);
  else if (code >= 30 && code <= 37) setColor(look, "fg", code - 30);
  else if (code >= 40 && code <= 47) setColor(look, "bg", code - 40);
  else if (code >= 90 && code <= 97) setColor(look, "fg", code - 82);
  else if (code >= 100 && code <= 107) setColor(look, "bg", code - 92);
}

function setColor(look: Look, place: "fg" | "bg", index: number | null): void {
  for (const name of Array.from(look.styles)) if (name.startsWith(place)) look.styles.delete(name);
  if (place === "fg") look.color = undefined;
  if (index !== null) look.styles.add(`${place}${index}`);
}

/** One of 256 colours (`38;5;n`), or any (`38;2;r;g;b`); of backgrounds only the sixteen with names are shown. */
function extended(look: Look, code: number, rest: number[]): void {
  const place = code === 38 ? "fg" : "bg";
  const kind = rest.shift();
  if (kind === 5) {
    const index = rest.shift() ?? 0;
    setColor(look, place, index < 16 ? index : null);
    if (place === "fg" && index >= 16) look.color = colorOf(index);
  } else if (kind === 2) {
    const parts = rest.splice(0, 3);
    setColor(look, place, null);
    if (place === "fg") look.color = `rgb(${parts.map((part) => part & 255).join(" ")})`;
  }
}

function level(part: number): number {
  return part === 0 ? 0 : 55 + part * 40;
}

function colorOf(index: number): string {
  if (index >= 232) return `rgb(${Array(3).fill(8 + (index - 232) * 10).join(" ")})`;
  const place = index - 16;
  return `rgb(${level(Math.floor(place / 36))} ${level(Math.floor(place / 6) % 6)} ${level(place % 6)})`;
}
