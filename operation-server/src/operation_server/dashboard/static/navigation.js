// Where in the dashboard one is: each view has an address of its own.

const ROOT = "/dashboard/";
const VIEWS = ["dead-letters", "plugins", "workers"];

let onMove = () => {};

/** Call `listener` whenever another view is wanted, by a link, a button or the browser's own. */
export function whenMoved(listener) {
  onMove = listener;
}

/** Return the view's name and what follows it in the address. */
export function place() {
  const [name, id] = location.pathname.slice(ROOT.length).split("/");
  return { name, id };
}

/** Go to a view, such as `jobs/42`; `replace` leaves no step back to the present one. */
export function navigate(to, { replace = false } = {}) {
  if (replace) history.replaceState(null, "", ROOT + to);
  else if (location.pathname !== ROOT + to) history.pushState(null, "", ROOT + to);
  onMove();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const address = link.getAttribute("href");
  // Other pages are those of the console, which is loaded from the server.
  if (!VIEWS.includes(address.slice(ROOT.length))) return;
  event.preventDefault();
  navigate(address.slice(ROOT.length));
});
window.addEventListener("popstate", () => onMove());
