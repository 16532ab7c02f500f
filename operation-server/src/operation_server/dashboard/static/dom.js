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

/** Return a message for an empty list. */
export function emptyState(title, detail, ...more) {
  return el("div", { class: "empty" }, el("p", { class: "empty-title" }, title), el("p", { class: "muted" }, detail), ...more);
}

/** Return JSON for people. */
export function pretty(value) {
  return JSON.stringify(value, null, 2);
}
