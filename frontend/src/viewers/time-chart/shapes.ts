/** Values of one thing, one for each part of the time; null where there is none. */
export interface Series {
  name: string;
  /** Its colour, as the tokens name it. */
  tone: string;
  values: (number | null)[];
}

interface Room {
  /** Of one part of the time. */
  width: number;
  height: number;
}

interface Bar {
  key: string;
  tone: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Returns the value at the upper edge: bars stand upon each other, lines do not. */
export function topOf(series: Series[], shape: "bars" | "lines"): number {
  const count = Math.max(0, ...series.map(({ values }) => values.length));
  const heights = Array.from({ length: count }, (_, index) => {
    const values = series.map((each) => each.values[index] ?? 0);
    return shape === "bars" ? values.reduce((sum, value) => sum + value, 0) : Math.max(0, ...values);
  });
  return Math.max(0, ...heights);
}

/** Returns the bars of all parts of the time, the first series below. */
export function stackedBars(series: Series[], top: number, { width, height }: Room): Bar[] {
  if (top === 0) return [];
  const count = Math.max(0, ...series.map(({ values }) => values.length));
  return Array.from({ length: count }, (_, index) => {
    let floor = height;
    return series.flatMap(({ name, tone, values }) => {
      const size = ((values[index] ?? 0) / top) * height;
      floor -= size;
      return size === 0 ? [] : [{ key: `${name} ${index}`, tone, x: index * width + width * 0.1, y: floor, width: width * 0.8, height: size }];
    });
  }).flat();
}

/** Returns the path of a line, which is interrupted where there is no value; one alone is a short stroke. */
export function linePath(values: (number | null)[], top: number, { width, height }: Room): string {
  if (top === 0) return "";
  const parts = values.map((value, index) => {
    if (value === null) return "";
    const [middle, y] = [(index + 0.5) * width, height - (value / top) * height];
    const begins = values[index - 1] == null;
    const isAlone = begins && values[index + 1] == null;
    if (isAlone) return `M${middle - width / 2},${y}H${middle + width / 2}`;
    return `${begins ? "M" : "L"}${middle},${y}`;
  });
  return parts.join("");
}
