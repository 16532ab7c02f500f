// The figures of the platform: a page, and a row above the jobs.

import { get } from "./api.js";
import { el, setText } from "./dom.js";

const FIGURES = ["queued", "processing", "completed", "failed", "cancelled"];

export class Overview {
  /** `counts` are further figures: for each its name, and a function that gets it. */
  constructor(counts = {}) {
    this.values = new Map();
    this.counts = Object.entries(counts);
    const figures = FIGURES.map((name) => this.#figure(name, name, "last 24 h"));
    this.workersNote = el("span", { class: "muted small" });
    figures.push(this.#figure("workers", "workers", this.workersNote));
    figures.push(...this.counts.map(([name]) => this.#figure(name, name, "")));
    this.element = el("section", { class: "figures", "aria-label": "Figures" }, ...figures);
  }

  async refresh() {
    const [summary, workers, ...counts] = await Promise.all([get("/results/stats/summary"), get("/workers").catch(() => null), ...this.counts.map(([, count]) => count())]);
    this.counts.forEach(([name], index) => setText(this.values.get(name), counts[index].toLocaleString()));
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

/** Return the page of all figures; only admins may count users. */
export function overviewPage(isAdmin) {
  const total = (path) => async () => (await get(`${path}?limit=1`)).total;
  const jobs = async () => (await get("/jobs?kind=job&limit=1")).total;
  const counts = { jobs, plugins: total("/plugins"), ...(isAdmin ? { users: total("/users") } : {}) };
  const overview = new Overview(counts);
  const element = el("section", { class: "list-view" }, el("h1", {}, "Overview"), el("p", { class: "muted" }, isAdmin ? "The whole platform." : "Your share of the platform."), overview.element);
  return { element, refresh: () => overview.refresh() };
}
