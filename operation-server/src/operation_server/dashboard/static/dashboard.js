// The page: signing in, choosing a view, and keeping it fresh.

import { get, signIn, signOff, wasSignedIn, whenSignedOut } from "./api.js";
import { el, toast } from "./dom.js";
import { JobDetail } from "./job_detail.js";
import { JobStore } from "./job_store.js";
import { JobTable } from "./job_table.js";
import { deadLetters, plugins, workers } from "./lists.js";
import { LiveEvents } from "./live.js";
import { navigate, place, whenMoved } from "./navigation.js";
import { Overview, overviewPage } from "./overview.js";
import { openSubmit } from "./submit.js";

const REFRESH_MS = 5000;
const COUNT_MS = 1200;
const STATES = { connecting: "Connecting", live: "Live", reconnecting: "Reconnecting" };

const main = document.getElementById("main");
const store = new JobStore(changed);
const live = new LiveEvents({ onFrame: (frame) => store.apply(frame), onState: showState, onOpen: opened, onSignedOut: () => enter().catch(() => {}) });

let user = null;
let view = { name: "" };
let wanted = "jobs";
let isRenderPlanned = false;
let countTimer = null;

function changed(id, type) {
  if (view.detail && id === view.detail.id) view.detail.onFrame(type);
  if (type === "status") countSoon();
  planRender();
}

/** Render once for all frames that arrive until the next paint. */
function planRender() {
  if (isRenderPlanned) return;
  isRenderPlanned = true;
  requestAnimationFrame(() => {
    isRenderPlanned = false;
    view.table?.render(view.detail?.id);
    view.detail?.render();
  });
}

/** Refresh the figures soon, however many jobs change. */
function countSoon() {
  countTimer ??= setTimeout(() => {
    countTimer = null;
    if (view.overview && !document.hidden) refreshView();
  }, COUNT_MS);
}

function showState(state) {
  const connection = document.getElementById("connection");
  connection.dataset.state = state;
  connection.textContent = STATES[state];
}

function opened() {
  // Loaded after the socket is open, so that nothing falls in between.
  store.refresh().catch(showError);
}

function showError(error) {
  toast(error.message, "error");
}

function route() {
  const { name, id } = place();
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.view === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (name === "jobs") showJobs(Number(id) || null);
  else showList(name);
}

function showJobs(id) {
  if (view.name !== "jobs") {
    const table = new JobTable({ store, isAdmin: user.role === "admin", onSubmit: () => openSubmit().catch(showError) });
    const overview = new Overview();
    const columns = el("div", { class: "columns" }, table.element);
    view = { name: "jobs", table, overview, columns, refresh: () => overview.refresh() };
    main.replaceChildren(overview.element, columns);
    get("/plugins?limit=200").then(({ items }) => table.setPlugins(items)).catch(showError);
    refreshView();
  }
  view.detail?.element.remove();
  view.detail = id ? new JobDetail({ store, id, onClose: () => navigate("jobs") }) : null;
  view.columns.classList.toggle("with-detail", Boolean(id));
  if (view.detail) view.columns.append(view.detail.element);
  planRender();
}

function showList(name) {
  const isAdmin = user.role === "admin";
  const views = { overview: () => overviewPage(isAdmin), "dead-letters": deadLetters, plugins: () => plugins(isAdmin), workers };
  const build = Object.hasOwn(views, name) ? views[name] : null;
  if (!build) {
    navigate("jobs", { replace: true });
    return;
  }
  view = { name, ...build() };
  main.replaceChildren(view.element);
  refreshView();
}

function refreshView() {
  view.refresh?.().catch(() => {});
}

/** Show what the account may see; without a login the request is refused, which signs out. */
async function enter() {
  live.stop();
  user = await get("/users/me");
  document.getElementById("user").textContent = user.email;
  document.querySelector("[data-view=users]").hidden = user.role !== "admin";
  document.getElementById("sign-in").hidden = true;
  document.getElementById("shell").hidden = false;
  view = { name: "" };
  live.start();
  if (["", "login"].includes(place().name)) navigate(wanted, { replace: true });
  else route();
}

function signOut(reason = "") {
  const { name, id } = place();
  if (name && name !== "login") wanted = id ? `${name}/${id}` : name;
  user = null;
  live.stop();
  store.clear();
  view = { name: "" };
  main.replaceChildren();
  document.getElementById("shell").hidden = true;
  document.getElementById("submit-dialog").close();
  document.getElementById("sign-in").hidden = false;
  navigate("login", { replace: true });
  showSignInError(reason);
}

function showSignInError(text) {
  const error = document.getElementById("sign-in-error");
  error.textContent = text;
  error.hidden = !text;
}

document.getElementById("sign-in-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { username, password } = event.target.elements;
  showSignInError("");
  try {
    await signIn(username.value, password.value);
    event.target.reset();
    await enter();
  } catch (error) {
    showSignInError(error.message);
  }
});

document.getElementById("sign-out").addEventListener("click", () => {
  signOut();
  wanted = "jobs";
  signOff().catch(() => {});
});
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.matches("input, textarea, select") || document.querySelector("dialog[open]");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !user) return;
  if (event.key === "n") openSubmit().catch(showError);
  if (event.key === "Escape" && view.detail) navigate("jobs");
});
whenMoved(() => user && route());
whenSignedOut(() => signOut(wasSignedIn() ? "Your session has ended. Please sign in again." : ""));
setInterval(() => user && !document.hidden && refreshView(), REFRESH_MS);
setInterval(() => view.table && !document.hidden && planRender(), 1000);

// A login that is refused has already been answered with a sign-out.
enter().catch((error) => error.status === 401 || signOut(error.message));
