// Small building blocks for the page. Text is only ever set as text, so nothing a job says can become markup.

/** Return an element with attributes, listeners (`onclick`) and children (elements or text). */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

/** Set an element's text, touching the page only when it changes. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Return a message for an empty list. */
export function emptyState(title, detail, ...more) {
  return el("div", { class: "empty" }, el("p", { class: "empty-title" }, title), el("p", { class: "muted" }, detail), ...more);
}

/** Tell something for a moment. */
export function toast(text, kind = "info") {
  const note = el("div", { class: `toast ${kind}` }, text);
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), kind === "error" ? 8000 : 4000);
}

/** Return a duration for people. */
export function duration(ms) {
  if (ms == null || Number.isNaN(ms)) return "–";
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1000)} s`;
  return `${Math.floor(ms / 3_600_000)} h ${Math.floor((ms % 3_600_000) / 60_000)} min`;
}

/** Return how long ago a time was. */
export function ago(iso) {
  if (!iso) return "–";
  const seconds = Math.max(0, (Date.now() - Date.parse(iso)) / 1000);
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return new Date(iso).toLocaleDateString();
}

/** Return the exact local time. */
export function exactTime(iso) {
  return iso ? new Date(iso).toLocaleString() : "";
}

/** Return JSON for people. */
export function pretty(value) {
  return JSON.stringify(value, null, 2);
}
