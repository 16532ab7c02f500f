// What the page knows of jobs: lists fetched from the API, kept fresh by frames.

import { get } from "./api.js";

const LISTED = 50;
const KEPT_LINES = 1000;
const REFRESH_MS = 700;

export class JobStore {
  constructor(onChange) {
    this.onChange = onChange;
    this.clear();
  }

  clear() {
    this.jobs = new Map();
    this.order = [];
    this.total = 0;
    this.loaded = false;
    this.filter = { status: "", plugin_name: "" };
    this.lines = new Map();
    clearTimeout(this.timer);
    this.timer = null;
  }

  /** Return the listed jobs, newest first. */
  get listed() {
    return this.order.map((id) => this.jobs.get(id)).filter(Boolean);
  }

  async setFilter(change) {
    Object.assign(this.filter, change);
    await this.refresh();
  }

  async refresh() {
    const stated = Object.entries(this.filter).filter(([, value]) => value);
    const page = await get(`/jobs?${new URLSearchParams([["limit", LISTED], ["kind", "job"], ...stated])}`);
    for (const job of page.items) this.#keep(job);
    this.order = page.items.map((job) => job.id);
    this.total = page.total;
    this.loaded = true;
    this.onChange();
  }

  /** Refresh soon, however many frames ask for it. */
  refreshSoon() {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.refresh().catch(() => {});
    }, REFRESH_MS);
  }

  /** Return a job with its whole input and result. */
  async load(id) {
    const job = await get(`/jobs/${id}`);
    this.#keep({ ...job, whole: true });
    this.onChange();
    return job;
  }

  apply(frame) {
    const { job_id: id, type, data } = frame;
    if (frame.subject === "run") return;
    if (type === "reset") this.#forget();
    const job = this.jobs.get(id);
    if (type === "log") this.#addLines(id, data.lines);
    if (type === "progress" && job) Object.assign(job, { progress: data.fraction, progressMessage: data.message });
    if (type === "status") {
      if (job) this.#applyStatus(job, data, frame.at);
      if (!job || this.filter.status) this.refreshSoon();
    }
    if (type === "result" && job) {
      Object.assign(job, { status: data.status, result: data.result, error: data.error, stale: true });
      job.error_message = data.error?.message ?? null;
      this.refreshSoon();
    }
    this.onChange(id, type);
  }

  /** The platform was recovered from a backup: what was known may be no longer so. */
  #forget() {
    this.jobs = new Map();
    this.lines = new Map();
    this.refreshSoon();
  }

  #applyStatus(job, data, at) {
    if (data.attempt !== job.attempt || data.status === "queued") {
      Object.assign(job, { progress: null, progressMessage: "", completed_at: null });
      this.lines.delete(job.id);
    }
    Object.assign(job, { status: data.status, attempt: data.attempt ?? job.attempt });
    job.cancelling = Boolean(data.cancelling);
    if (data.status === "processing") {
      job.started_at ??= at;
      job.worker = data.worker ?? job.worker;
    }
    if (["completed", "failed", "cancelled"].includes(data.status)) job.completed_at ??= at;
  }

  #addLines(id, lines) {
    const kept = this.lines.get(id) ?? [];
    kept.push(...lines);
    this.lines.set(id, kept.slice(-KEPT_LINES));
  }

  #keep(job) {
    const known = this.jobs.get(job.id);
    // Lists leave large payloads out; what was loaded whole stays.
    if (known?.whole && !job.whole) {
      job = { ...job, input_data: known.input_data, result: job.result ?? known.result, whole: true };
    }
    this.jobs.set(job.id, { ...job, progressMessage: known?.progressMessage ?? "" });
  }
}
