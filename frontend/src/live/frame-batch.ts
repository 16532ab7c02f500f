import type { Frame } from "./live-socket";

/** What many events change is drawn anew ten times a second: more often nobody reads it, and each time costs layout and paint of the page. */
const LEAST_BETWEEN_MS = 100;

/** Gathers frames and hands them on together: however many come, what is shown is drawn once for all of them. */
export class FrameBatch {
  private frames: Frame[] = [];
  private isPlanned = false;
  private lastMs = Number.NEGATIVE_INFINITY;
  private readonly flushed: (frames: Frame[]) => void;

  constructor(flushed: (frames: Frame[]) => void) {
    this.flushed = flushed;
  }

  add(frame: Frame): void {
    this.frames.push(frame);
    if (this.isPlanned) return;
    this.isPlanned = true;
    setTimeout(this.flush, Math.max(0, this.lastMs + LEAST_BETWEEN_MS - performance.now()));
  }

  readonly flush = (): void => {
    this.isPlanned = false;
    this.lastMs = performance.now();
    const frames = this.frames;
    this.frames = [];
    if (frames.length > 0) this.flushed(frames);
  };
}
