// Dead letters, plugins and workers: lists that refresh while they are looked at.

import { get, post } from "./api.js";
import { ago, el, emptyState, exactTime, toast } from "./dom.js";
import { openSubmit } from "./submit.js";

/** Return a view of the jobs that failed for good, grouped by what went wrong. */
export function deadLetters() {
  return listView("Dead letters", "Jobs that failed for good. Equal failures stand together.", async (refresh) => {
    const [groups, letters] = await Promise.all([get("/dead-letters/groups?limit=50"), get("/dead-letters?limit=50")]);
    if (!letters.total) return emptyState("No dead letters", "Nothing has failed for good.");
    return el("div", { class: "stack" }, ...groups.items.map((group) => groupCard(group, refresh)), lettersTable(letters, refresh));
  });
}

function groupCard(group, refresh) {
  const replay = act(`Replay ${group.jobs === 1 ? "it" : `all ${group.jobs}`}`, async () => {
    const { replayed } = await post("/dead-letters/replay", { fingerprint: group.fingerprint, plugin_name: group.plugin_name });
    toast(`${replayed} run again.`);
    await refresh();
  });
  return el(
    "article",
    { class: "card group" },
    el("div", { class: "group-count" }, String(group.jobs), el("span", { class: "muted small" }, group.jobs === 1 ? "job" : "jobs")),
    el("div", { class: "grow" }, el("p", {}, el("strong", {}, group.plugin_name), " ", el("span", { class: "tag bad" }, group.example?.kind ?? "unknown")),
      el("p", { class: "group-message" }, group.example?.message ?? ""), el("p", { class: "muted small" }, `Last: ${ago(group.last_at)}`)),
    replay,
  );
}

function lettersTable(letters, refresh) {
  const rows = letters.items.map((job) =>
    el("tr", {}, el("td", {}, el("a", { href: `/dashboard/jobs/${job.id}` }, `#${job.id}`)), el("td", {}, `${job.plugin_name} ${job.plugin_version}`),
      el("td", {}, el("span", { class: "tag bad" }, job.error?.kind ?? "unknown")), el("td", { class: "clip", title: job.error_message ?? "" }, job.error_message ?? ""),
      el("td", { title: exactTime(job.completed_at) }, ago(job.completed_at)),
      el("td", {}, act("Replay", async () => {
        await post(`/dead-letters/${job.id}/replay`);
        toast(`Job ${job.id} runs again.`);
        await refresh();
      }))),
  );
  return table(["Job", "Plugin", "Kind", "Message", "Failed", ""], rows);
}

/** Return a view of the registered plugins. */
export function plugins(isAdmin) {
  return listView("Plugins", "The newest version of each.", async (refresh) => {
    const { items } = await get("/plugins?limit=200");
    if (!items.length) return emptyState("No plugins yet", "Register one: satellite plugin register FOLDER.");
    return el("div", { class: "cards" }, ...items.map((plugin) => pluginCard(plugin, isAdmin, refresh)));
  });
}

function pluginCard(plugin, isAdmin, refresh) {
  const { is_paused: isPaused, max_running: mostRunning } = plugin.control;
  const asked = [`${plugin.resources.cpus} cpu`, `${plugin.resources.memory_mib} MiB`, plugin.resources.gpus ? `${plugin.resources.gpus} gpu` : "", plugin.mode];
  const control = act(isPaused ? "Resume" : "Pause", async () => {
    await post(`/plugins/${encodeURIComponent(plugin.name)}/${isPaused ? "resume" : "pause"}`);
    await refresh();
  });
  return el(
    "article",
    { class: "card plugin" },
    el("h3", {}, plugin.name, " ", el("span", { class: "muted" }, plugin.version), " ", isPaused ? el("span", { class: "tag warn" }, "paused") : null),
    el("p", { class: "muted" }, plugin.description || "No description."),
    el("p", {}, ...asked.filter(Boolean).map((text) => el("span", { class: "tag" }, text)), mostRunning ? el("span", { class: "tag" }, `at most ${mostRunning} at once`) : null),
    el("div", { class: "card-actions" }, act("New job", () => openSubmit(plugin.name), "primary"), isAdmin ? control : null),
  );
}

/** Return a view of the live workers. */
export function workers() {
  return listView("Workers", "Those that gave a sign of life in the last 15 seconds.", async () => {
    const { items } = await get("/workers");
    if (!items.length) return emptyState("No worker is alive", "Jobs are kept and start as soon as one comes.");
    return el("div", { class: "cards" }, ...items.map(workerCard));
  });
}

function workerCard(worker) {
  const state = worker.draining ? ["warn", "draining"] : worker.consumer_ok ? ["good", "ready"] : ["bad", "deaf"];
  const bar = el("div", { class: "progress" }, el("span"));
  bar.firstChild.style.width = `${Math.min(100, (100 * worker.slots_taken) / Math.max(1, worker.slots))}%`;
  const cards = worker.cards.map((card) => `${card.name || "GPU"} ${card.memory_mib} MiB`).join(", ");
  return el(
    "article",
    { class: "card worker" },
    el("h3", {}, worker.name, " ", el("span", { class: `tag ${state[0]}` }, state[1])),
    bar,
    el("p", {}, `${worker.slots_taken} of ${worker.slots} slots busy, ${worker.running.length} jobs`),
    el("p", {}, ...(worker.runtimes.length ? worker.runtimes : [worker.runtime]).map((name) => el("span", { class: "tag" }, name)), ...worker.serves.filter((name) => name !== "default").map((name) => el("span", { class: "tag" }, `queue ${name}`)), ...Object.entries(worker.labels).map(([key, value]) => el("span", { class: "tag" }, `${key}=${value}`)), el("span", { class: "tag" }, `${worker.total.cpus} cpu`), el("span", { class: "tag" }, `${worker.total.memory_mib} MiB`), cards ? el("span", { class: "tag" }, cards) : null),
    worker.runtime_reason ? el("p", { class: "muted small" }, worker.runtime_reason) : null,
    el("p", { class: "muted small" }, `${worker.host} · up since ${exactTime(worker.started_at)}`),
    el("p", {}, ...worker.running.map(([id, attempt]) => el("a", { class: "tag", href: `/dashboard/jobs/${id}` }, `#${id} · ${attempt}`))),
  );
}

function listView(title, about, load) {
  const content = el("div", { "aria-busy": "true" });
  async function refresh() {
    try {
      const loaded = await load(refresh);
      // What has the focus is being used; it is replaced at the next refresh.
      if (!content.contains(document.activeElement) || content.firstChild === null) content.replaceChildren(loaded);
      content.removeAttribute("aria-busy");
    } catch (error) {
      content.replaceChildren(emptyState("This cannot be shown", error.message));
    }
  }
  const element = el("section", { class: "list-view" }, el("h1", {}, title), el("p", { class: "muted" }, about), content);
  return { element, refresh };
}

function act(label, work, kind = "") {
  const button = el("button", { type: "button", class: kind }, label);
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      button.blur();
      await work();
    } catch (error) {
      toast(error.message, "error");
    } finally {
      button.disabled = false;
    }
  });
  return button;
}

function table(names, rows) {
  return el("div", { class: "card table-scroll" }, el("table", {}, el("thead", {}, el("tr", {}, ...names.map((name) => el("th", { scope: "col" }, name)))), el("tbody", {}, ...rows)));
}
