// The form to submit a job.

import { get, post } from "./api.js";
import { el, emptyState, pretty, toast } from "./dom.js";
import { navigate } from "./navigation.js";
import { exampleOf } from "./schema_example.js";

/** Open the form, with a plugin chosen when `pluginName` is given. */
export async function openSubmit(pluginName) {
  const dialog = document.getElementById("submit-dialog");
  const { items: plugins } = await get("/plugins?limit=200");
  dialog.replaceChildren(plugins.length ? form(dialog, plugins, pluginName) : nothingToRun(dialog));
  dialog.showModal();
}

function nothingToRun(dialog) {
  const close = el("button", { type: "button", onclick: () => dialog.close() }, "Close");
  return emptyState("No plugin is registered", "Register one: satellite plugin register, or POST /api/v1/plugins.", close);
}

/** Return the body of a request with the input as it was typed: parsed, large whole numbers would be rounded. */
function submission(plugin_name, input, priority) {
  JSON.parse(input);
  return `${JSON.stringify({ plugin_name, priority }).slice(0, -1)},"input_data":${input}}`;
}

function form(dialog, plugins, pluginName) {
  const byName = new Map(plugins.map((plugin) => [plugin.name, plugin]));
  const choice = el("select", { name: "plugin", onchange: () => choose() }, ...plugins.map(({ name }) => el("option", { value: name, selected: name === pluginName }, name)));
  const about = el("p", { class: "muted small" });
  const input = el("textarea", { name: "input", rows: "12", spellcheck: "false" });
  const priority = el("input", { name: "priority", type: "number", min: "0", max: "9", value: "0" });
  const problems = el("ul", { class: "error-text", role: "alert" });
  const schema = el("pre", { tabindex: "0" });

  function choose() {
    const plugin = byName.get(choice.value);
    about.textContent = [plugin.version, plugin.description].filter(Boolean).join(" · ");
    input.value = pretty(exampleOf(plugin.input_schema));
    schema.textContent = pretty(plugin.input_schema);
    problems.replaceChildren();
  }

  async function send(event) {
    event.preventDefault();
    problems.replaceChildren();
    try {
      const job = await post("/jobs", submission(choice.value, input.value, Number(priority.value)));
      dialog.close();
      toast(`Job ${job.id} is submitted.`);
      navigate(`jobs/${job.id}`);
    } catch (error) {
      const found = error.errors?.length ? error.errors.map(({ pointer, message }) => `${pointer}: ${message}`) : [error.message];
      problems.replaceChildren(...found.map((text) => el("li", {}, text)));
    }
  }

  choose();
  return el(
    "form",
    { method: "dialog", onsubmit: send },
    el("h2", { id: "submit-title" }, "New job"),
    el("div", { class: "form-row" }, el("label", { class: "grow" }, "Plugin ", choice), el("label", {}, "Priority (0–9) ", priority)),
    about,
    el("label", {}, "Input (JSON) ", input),
    problems,
    el("details", {}, el("summary", {}, "Input schema"), schema),
    el("div", { class: "form-actions" }, el("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, "Close"), el("button", { type: "submit", class: "primary" }, "Submit")),
  );
}
