// The row of figures above the jobs.

import { get } from "./api.js";
import { el, setText } from "./dom.js";

const FIGURES = ["queued", "processing", "completed", "failed", "cancelled"];

export class Overview {
  constructor() {
    this.values = new Map();
    const figures = FIGURES.map((name) => this.#figure(name, name, "last 24 h"));
    this.workersNote = el("span", { class: "muted small" });
    figures.push(this.#figure("workers", "workers", this.workersNote));
    this.element = el("section", { class: "figures", "aria-label": "Figures" }, ...figures);
  }

  async refresh() {
    const [summary, workers] = await Promise.all([get("/results/stats/summary"), get("/workers").catch(() => null)]);
    for (const name of FIGURES) setText(this.values.get(name), (summary.by_status[name] ?? 0).toLocaleString());
    setText(this.values.get("workers"), workers ? String(workers.total) : "?");
    const slots = workers?.items.reduce((sum, worker) => sum + worker.slots, 0);
    const busy = workers?.items.reduce((sum, worker) => sum + worker.slots_taken, 0);
    setText(this.workersNote, workers ? `${busy} of ${slots} slots busy` : "Redis is away");
  }

  #figure(name, label, note) {
    const value = el("span", { class: "figure-value" }, "–");
    this.values.set(name, value);
    return el("div", { class: "card figure", "data-status": name }, el("span", { class: "figure-label" }, label), value, note instanceof Node ? note : el("span", { class: "muted small" }, note));
  }
}
