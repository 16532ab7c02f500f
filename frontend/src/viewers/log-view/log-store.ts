/** Of so many lines the newest are kept; what is older can be downloaded. */
const KEPT_MAX = 100_000;

/** The lines of a log, which only grow. What reads them is told once for all lines that came together. */
export class LogStore {
  private kept: string[] = [];
  private listeners = new Set<() => void>();
  private droppedCount = 0;
  private version = 0;

  /** The lines that are kept, in their order. The array is the same one all the time. */
  get lines(): readonly string[] {
    return this.kept;
  }

  /** How many lines stood before the first that is kept. */
  get dropped(): number {
    return this.droppedCount;
  }

  readonly versionNow = (): number => this.version;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  append(lines: readonly string[]): void {
    if (lines.length === 0) return;
    for (const line of lines) this.kept.push(line);
    const surplus = this.kept.length - KEPT_MAX;
    // Dropped in larger pieces, since each time all others are moved.
    if (surplus > KEPT_MAX / 10) {
      this.kept.splice(0, surplus);
      this.droppedCount += surplus;
    }
    this.changed();
  }

  /** Begins anew with a text, which may end with a line break. */
  replace(text: string): void {
    this.kept = text === "" ? [] : text.replace(/\n$/, "").split("\n").slice(-KEPT_MAX);
    this.droppedCount = 0;
    this.changed();
  }

  private changed(): void {
    this.version += 1;
    for (const listener of this.listeners) listener();
  }
}
