// One job: what it is, where its time went, what it says.

import { get, post } from "./api.js";
import { duration, el, exactTime, pretty, setText, toast } from "./dom.js";
import { statusPill, updatePill } from "./job_table.js";

const PHASES = ["queued", "dispatched", "claimed", "prepared", "ran", "reported", "committed"];

export class JobDetail {
  constructor({ store, id, onClose }) {
    this.store = store;
    this.id = id;
    this.pill = statusPill();
    this.facts = el("dl", { class: "facts" });
    this.reason = el("div", { class: "note", hidden: true });
    this.progress = el("div", { class: "progress", role: "progressbar", "aria-label": "Progress", "aria-valuemin": "0", "aria-valuemax": "100" }, el("span"));
    this.progressText = el("p", { class: "muted small" });
    this.error = el("div", { class: "note bad", hidden: true });
    this.timings = el("div", { class: "timings", hidden: true });
    this.input = el("pre", { tabindex: "0" });
    this.result = el("pre", { tabindex: "0", id: "job-result" });
    this.log = el("pre", { class: "log", tabindex: "0", id: "job-log", "aria-label": "Log" });
    this.cancel = el("button", { type: "button", class: "danger", onclick: () => this.#act("cancel") }, "Cancel");
    this.retry = el("button", { type: "button", onclick: () => this.#act("retry") }, "Run again");
    this.resultPart = part("Result", this.result);
    this.progressPart = el("div", { class: "part" }, this.progress, this.progressText);
    this.element = el(
      "aside",
      { class: "card detail", "aria-label": `Job ${id}` },
      el("div", { class: "detail-head" }, el("h2", {}, `Job #${id}`), this.pill, el("span", { class: "grow" }), this.cancel, this.retry,
        el("button", { type: "button", class: "quiet", "aria-label": "Close", onclick: onClose }, "✕")),
      this.reason, this.error, this.progressPart, this.facts, this.timings, this.resultPart, part("Log", this.log), part("Input", this.input),
    );
    this.logText = "";
    this.open().catch((error) => toast(error.message, "error"));
  }

  async open() {
    const job = await this.store.load(this.id);
    if (isFinished(job)) await this.#loadLog();
    await this.#explain(job);
  }

  /** React to a frame about this job. */
  async onFrame(type) {
    try {
      if (type === "result") await this.open();
      else if (type === "status") await this.#explain(this.store.jobs.get(this.id) ?? {});
    } catch (error) {
      toast(error.message, "error");
    }
  }

  render() {
    const job = this.store.jobs.get(this.id);
    if (!job) return;
    updatePill(this.pill, job);
    this.cancel.hidden = isFinished(job) || job.cancelling;
    this.retry.hidden = !["failed", "cancelled"].includes(job.status);
    this.#renderProgress(job);
    this.#renderFacts(job);
    this.#renderError(job);
    this.#renderTimings(job);
    this.resultPart.hidden = job.status !== "completed";
    setText(this.result, job.result === undefined ? "" : pretty(job.result));
    setText(this.input, pretty(job.input_data));
    this.#renderLog(job);
  }

  #renderProgress(job) {
    const runs = job.status === "processing";
    this.progressPart.hidden = !runs;
    if (!runs) return;
    const percent = job.progress == null ? null : Math.round(job.progress * 100);
    this.progress.classList.toggle("unknown", percent == null);
    if (percent == null) this.progress.removeAttribute("aria-valuenow");
    else this.progress.setAttribute("aria-valuenow", percent);
    this.progress.firstChild.style.width = percent == null ? "" : `${percent}%`;
    setText(this.progressText, [percent == null ? "running" : `${percent} %`, job.progressMessage].filter(Boolean).join(" · "));
  }

  #renderFacts(job) {
    const facts = [
      ["Plugin", `${job.plugin_name} ${job.plugin_version}`],
      ["Attempt", `${job.attempt}${job.failures ? ` · ${Math.min(job.failures, job.max_retries)} of ${job.max_retries} retries used` : ""}${job.losses ? ` · lost ${job.losses} times` : ""}`],
      ["Priority", String(job.priority)],
      ["Worker", job.worker ?? "–"],
      ["Submitted", exactTime(job.created_at)],
      ["Time limit", duration(job.timeout_s * 1000)],
    ];
    const text = JSON.stringify(facts);
    if (this.facts.dataset.shown === text) return;
    this.facts.dataset.shown = text;
    this.facts.replaceChildren(...facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
  }

  #renderError(job) {
    this.error.hidden = !job.error;
    if (!job.error || this.error.dataset.shown === job.error.message) return;
    this.error.dataset.shown = job.error.message;
    this.error.replaceChildren(el("strong", {}, job.error.kind), el("p", {}, job.error.message));
    if (job.error.stderr_tail) this.error.append(el("pre", { tabindex: "0" }, job.error.stderr_tail));
  }

  #renderTimings({ timings, attempt }) {
    this.timings.hidden = !timings;
    if (!timings || this.timings.dataset.total === String(timings.total)) return;
    this.timings.dataset.total = timings.total;
    const bar = el("div", { class: "timings-bar", role: "img", "aria-label": `${duration(timings.total)} in all` });
    let start = 0;
    const legend = el("ul", { class: "timings-legend" });
    for (const phase of PHASES) {
      const ms = timings[phase] ?? 0;
      if (!ms) continue;
      const name = phase === "queued" && attempt > 1 ? "queued, and earlier attempts" : phase;
      const segment = el("span", { "data-phase": phase, title: `${name} ${duration(ms)}, from ${duration(start)} on` });
      start += ms;
      segment.style.flexGrow = ms;
      bar.append(segment);
      legend.append(el("li", { "data-phase": phase }, `${name} `, el("b", {}, duration(ms))));
    }
    const head = el("h3", {}, "Where the time went ", el("span", { class: "muted" }, [`${duration(timings.total)} in all`, timings.start && `${timings.start} start`].filter(Boolean).join(", ")));
    this.timings.replaceChildren(head, bar, legend);
  }

  #renderLog(job) {
    const live = (this.store.lines.get(this.id) ?? []).join("\n");
    const text = isFinished(job) && this.logText ? this.logText : live || this.logText;
    const follows = this.log.scrollTop + this.log.clientHeight >= this.log.scrollHeight - 8;
    setText(this.log, text || (job.status === "processing" ? "Nothing said yet." : "No log."));
    this.log.classList.toggle("muted", !text);
    if (follows) this.log.scrollTop = this.log.scrollHeight;
  }

  async #loadLog() {
    this.logText = await get(`/jobs/${this.id}/logs`);
    this.store.onChange();
  }

  async #explain(job) {
    const waits = job.status === "queued" || job.cancelling;
    this.reason.hidden = !waits;
    if (!waits) return;
    const why = await get(`/jobs/${this.id}/explain`);
    this.reason.replaceChildren(el("strong", {}, why.detail), el("p", {}, why.what_would_help));
  }

  async #act(action) {
    try {
      await post(`/jobs/${this.id}/${action}`);
      toast(action === "cancel" ? `Job ${this.id} is being cancelled.` : `Job ${this.id} runs again.`);
      this.logText = "";
      await this.open();
    } catch (error) {
      toast(error.message, "error");
    }
  }
}

function isFinished(job) {
  return ["completed", "failed", "cancelled"].includes(job.status);
}

function part(title, ...content) {
  return el("section", { class: "part" }, el("h3", {}, title), ...content);
}
