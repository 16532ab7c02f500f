/** Returns the versions of `1,3`, in their order and each once. */
export function chosenOf(text: string | undefined): number[] {
  const versions = (text ?? "").split(",").map(Number).filter((each) => Number.isSafeInteger(each) && each > 0);
  return [...new Set(versions)].toSorted((one, other) => one - other);
}

/** Returns the text of versions with one more, or one less; undefined where none is left. */
export function toggled(chosen: readonly number[], version: number): string | undefined {
  const next = chosen.includes(version) ? chosen.filter((each) => each !== version) : [...chosen, version];
  return chosenOf(next.join(",")).join(",") || undefined;
}

interface Measured {
  metrics: Record<string, unknown>;
  evaluations: { data_digest: string; data_name: string | null; metrics: Record<string, unknown> }[];
}

/** One number of some versions, beside each other. */
export interface ComparedRow {
  key: string;
  metric: string;
  /** The data that it was measured on; null where a version tells it of itself. */
  data: string | null;
  values: (number | null)[];
}

/** Returns what can be compared: what versions tell of themselves, and the newest evaluation on each data. */
export function comparedRows(versions: readonly Measured[]): ComparedRow[] {
  const rows = new Map<string, ComparedRow>();
  const put = (index: number, data: string | null, key: string, metrics: Record<string, unknown>) => {
    for (const [metric, value] of Object.entries(metrics)) {
      if (typeof value !== "number") continue;
      const row = rows.get(`${key} ${metric}`) ?? { key: `${key} ${metric}`, metric, data, values: versions.map(() => null) };
      // The first is the newest, since evaluations are.
      row.values[index] ??= value;
      rows.set(row.key, row);
    }
  };
  versions.forEach(({ metrics, evaluations }, index) => {
    put(index, null, "", metrics);
    for (const each of evaluations) put(index, each.data_name ?? each.data_digest.slice(0, 12), each.data_digest, each.metrics);
  });
  return [...rows.values()];
}
