// The API description for people: each operation with its parameters, body, answers and who may use it.

import { el, emptyState, pretty } from "./dom.js";

const main = document.getElementById("main");

function schemaOf(content) {
  const [type, body] = Object.entries(content ?? {})[0] ?? [];
  return type ? { type, text: pretty(body.example ?? Object.values(body.examples ?? {})[0]?.value ?? exampleOf(body.schema) ?? body.schema) } : null;
}

/** Return the example that a schema, or what it refers to, brings along. */
function exampleOf(schema) {
  const name = schema?.$ref?.split("/").at(-1);
  return (name ? schemas[name] : schema)?.examples?.[0];
}

function part(title, content) {
  return el("details", {}, el("summary", {}, title), ...content);
}

function operation(method, path, about) {
  const parameters = (about.parameters ?? []).map((each) =>
    el("li", {}, el("code", {}, each.name), ` in ${each.in}${each.required ? ", required" : ""}`, each.description ? ` – ${each.description}` : ""));
  const body = schemaOf(about.requestBody?.content);
  const answers = Object.entries(about.responses).map(([status, answer]) => {
    const shown = Number(status) < 300 ? schemaOf(answer.content) : null;
    return el("div", {}, el("p", {}, el("span", { class: "tag" }, status), ` ${answer.description ?? ""}`), shown ? el("pre", { tabindex: "0" }, shown.text) : null);
  });
  return el(
    "article",
    { class: "card operation", id: about.operationId },
    el("h3", {}, el("span", { class: "tag" }, method.toUpperCase()), " ", el("code", {}, path)),
    ...about.description.split("\n\n").map((text) => el("p", { class: "muted" }, text.replaceAll("`", ""))),
    parameters.length ? part("Parameters", [el("ul", {}, ...parameters)]) : null,
    body ? part(`Body (${body.type})`, [el("pre", { tabindex: "0" }, body.text)]) : null,
    part("Answers", answers),
  );
}

let schemas = {};
try {
  const description = await (await fetch("/openapi.json")).json();
  schemas = description.components.schemas;
  const groups = new Map();
  for (const [path, methods] of Object.entries(description.paths)) {
    for (const [method, about] of Object.entries(methods)) {
      const tag = about.tags?.[0] ?? "other";
      groups.set(tag, [...(groups.get(tag) ?? []), operation(method, path, about)]);
    }
  }
  for (const [tag, operations] of groups) main.append(el("h1", {}, tag[0].toUpperCase() + tag.slice(1)), ...operations);
} catch (error) {
  main.append(emptyState("The description cannot be shown", error.message));
}
main.removeAttribute("aria-busy");
