import type { Frame } from "./live-socket";

const HIDDEN_PAUSE_MS = 250;

/**
 * Gathers frames and hands them on at once, when the browser paints next: however many come, what is shown is
 * drawn once for all of them.
 */
export class FrameBatch {
  private frames: Frame[] = [];
  private isPlanned = false;
  private readonly flushed: (frames: Frame[]) => void;

  constructor(flushed: (frames: Frame[]) => void) {
    this.flushed = flushed;
  }

  add(frame: Frame): void {
    this.frames.push(frame);
    if (this.isPlanned) return;
    this.isPlanned = true;
    // A hidden page is not painted.
    if (document.hidden) setTimeout(this.flush, HIDDEN_PAUSE_MS);
    else requestAnimationFrame(this.flush);
  }

  readonly flush = (): void => {
    this.isPlanned = false;
    const frames = this.frames;
    this.frames = [];
    if (frames.length > 0) this.flushed(frames);
  };
}
