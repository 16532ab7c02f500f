// The live table of jobs.

import { post } from "./api.js";
import { ago, duration, el, emptyState, exactTime, setText, toast } from "./dom.js";
import { navigate } from "./navigation.js";

const STATUSES = ["queued", "processing", "completed", "failed", "cancelled"];

export class JobTable {
  constructor({ store, isAdmin, onSubmit }) {
    this.store = store;
    this.isAdmin = isAdmin;
    this.onSubmit = onSubmit;
    this.rows = new Map();
    this.pluginFilter = el("select", { "aria-label": "Plugin", onchange: () => this.#filter({ plugin_name: this.pluginFilter.value }) });
    this.segments = el("div", { class: "segments", role: "group", "aria-label": "Status" });
    for (const status of ["", ...STATUSES]) {
      const pressed = String(store.filter.status === status);
      this.segments.append(
        el("button", { type: "button", "data-status": status, "aria-pressed": pressed, onclick: () => this.#filter({ status }) }, status || "all"),
      );
    }
    this.body = el("tbody");
    this.count = el("span", { class: "muted small" });
    this.empty = el("div");
    this.table = el(
      "table",
      { class: "jobs", "aria-label": "Jobs" },
      el("thead", {}, el("tr", {}, ...["Job", "Plugin", "Status", "Attempt", "Submitted", "Time"].map((name) => el("th", { scope: "col" }, name)))),
      this.body,
    );
    this.cancelAll = el("button", { type: "button", class: "quiet", onclick: () => this.#cancelMatching() }, "Cancel all unfinished");
    this.element = el(
      "section",
      { class: "card table-card", "aria-label": "Jobs" },
      el("div", { class: "toolbar" }, this.segments, this.pluginFilter, el("div", { class: "actions" }, this.count, this.cancelAll,
        el("button", { type: "button", class: "primary", onclick: onSubmit }, "New job"))),
      el("div", { class: "table-scroll" }, this.table),
      this.empty,
    );
    this.#showPlugins([]);
  }

  /** Offer these plugins in the filter. */
  setPlugins(plugins) {
    this.#showPlugins(plugins);
  }

  render(selectedId) {
    const jobs = this.store.listed;
    const rows = jobs.map((job) => this.#updatedRow(job, selectedId));
    const isSame = rows.length === this.body.children.length && rows.every((row, index) => this.body.children[index] === row);
    if (!isSame) this.body.replaceChildren(...rows);
    for (const id of this.rows.keys()) if (!this.store.order.includes(id)) this.rows.delete(id);
    const total = this.store.total;
    setText(this.count, this.store.loaded && total ? `${jobs.length} of ${total >= 1_000 ? "1,000+" : total.toLocaleString()}` : "");
    this.cancelAll.hidden = !jobs.some((job) => ["queued", "processing"].includes(job.status) && !job.cancelling);
    setText(this.cancelAll, this.#hasFilter() ? "Cancel all that match" : "Cancel all unfinished");
    this.#renderEmpty(jobs.length === 0 && this.store.loaded);
  }

  #hasFilter() {
    return Boolean(this.store.filter.status || this.store.filter.plugin_name);
  }

  #renderEmpty(isEmpty) {
    this.table.hidden = isEmpty;
    const kind = isEmpty ? (this.#hasFilter() ? "filtered" : "none") : "";
    if (this.empty.dataset.kind === kind) return;
    this.empty.dataset.kind = kind;
    if (!isEmpty) this.empty.replaceChildren();
    else if (kind === "filtered") this.empty.replaceChildren(emptyState("No job matches", "Other states or plugins may have some."));
    else {
      const button = el("button", { type: "button", class: "primary", onclick: this.onSubmit }, "Submit the first job");
      this.empty.replaceChildren(emptyState("No jobs yet", "Jobs appear here the moment they are submitted.", button));
    }
  }

  #updatedRow(job, selectedId) {
    if (!this.rows.has(job.id)) this.rows.set(job.id, this.#newRow(job));
    const { row, cells } = this.rows.get(job.id);
    row.classList.toggle("selected", job.id === selectedId);
    updatePill(cells.pill, job);
    setText(cells.attempt, job.attempt ? String(job.attempt) : "–");
    setText(cells.submitted, ago(job.created_at));
    setText(cells.time, timeOf(job));
    return row;
  }

  #newRow(job) {
    const cells = {
      pill: statusPill(),
      attempt: el("td", { class: "number" }),
      submitted: el("td", { title: exactTime(job.created_at) }),
      time: el("td", { class: "number" }),
    };
    const link = el("a", { href: `/dashboard/jobs/${job.id}` }, `#${job.id}`);
    const owner = this.isAdmin ? el("span", { class: "muted small" }, ` · user ${job.owner_id}`) : null;
    const row = el(
      "tr",
      { onclick: () => navigate(`jobs/${job.id}`) },
      el("td", {}, link, owner),
      el("td", {}, el("span", {}, job.plugin_name), el("span", { class: "muted small" }, ` ${job.plugin_version}`)),
      el("td", {}, cells.pill),
      cells.attempt,
      cells.submitted,
      cells.time,
    );
    return { row, cells };
  }

  async #filter(change) {
    for (const button of this.segments.children) {
      if ("status" in change) button.setAttribute("aria-pressed", String(button.dataset.status === change.status));
    }
    try {
      await this.store.setFilter(change);
    } catch (error) {
      toast(error.message, "error");
    }
  }

  async #cancelMatching() {
    const { status, plugin_name } = this.store.filter;
    const wanted = Object.fromEntries(Object.entries({ status, plugin_name }).filter(([, value]) => value));
    if (!confirm("Cancel all unfinished jobs that match?")) return;
    try {
      let done = { cancelled: 0, cancelling: 0 };
      for (const body of Object.keys(wanted).length ? [wanted] : [{ status: "queued" }, { status: "processing" }]) {
        const some = await post("/jobs/cancel", body);
        done = { cancelled: done.cancelled + some.cancelled, cancelling: done.cancelling + some.cancelling };
      }
      toast(`${done.cancelled} cancelled, ${done.cancelling} are being stopped.`);
      this.store.refreshSoon();
    } catch (error) {
      toast(error.message, "error");
    }
  }

  #showPlugins(plugins) {
    const chosen = this.store.filter.plugin_name;
    const options = plugins.map(({ name }) => el("option", { value: name, selected: name === chosen }, name));
    this.pluginFilter.replaceChildren(el("option", { value: "" }, "all plugins"), ...options);
  }
}

/** Return an empty status pill for `updatePill`. */
export function statusPill() {
  return el("span", { class: "pill" }, el("span", { class: "pill-text" }), el("span", { class: "pill-bar", hidden: true }, el("span")));
}

/** Show a job's status, and its progress while it runs. */
export function updatePill(pill, job) {
  const runs = job.status === "processing";
  const shown = job.cancelling ? "cancelling" : job.status;
  if (pill.dataset.status !== shown) pill.dataset.status = shown;
  const percent = runs && job.progress != null ? Math.round(job.progress * 100) : null;
  setText(pill.firstChild, percent == null || job.cancelling ? shown : `${shown} ${percent} %`);
  pill.lastChild.hidden = percent == null;
  pill.lastChild.firstChild.style.width = `${percent ?? 0}%`;
}

function timeOf(job) {
  if (job.timings?.total != null) return duration(job.timings.total);
  if (job.status === "processing" && job.started_at) return duration(Date.now() - Date.parse(job.started_at));
  if (job.completed_at) return duration(Date.parse(job.completed_at) - Date.parse(job.created_at));
  return "–";
}
