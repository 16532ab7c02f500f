// Users: a list that refreshes while it is looked at.

import { get, patch } from "./api.js";
import { ago, el, emptyState, exactTime, toast } from "./dom.js";

/** Return a view of the accounts; for admins. */
export function users() {
  return listView("Users", "Who may use the platform. A deactivated account can neither log in nor go on.", async (refresh) => {
    const { items } = await get("/users?limit=200");
    const rows = items.map((user) =>
      el("tr", {}, el("td", {}, user.email), el("td", {}, user.full_name ?? "–"), el("td", {}, el("span", { class: "tag" }, user.role)),
        el("td", {}, el("span", { class: `tag ${user.is_active ? "good" : "bad"}` }, user.is_active ? "active" : "deactivated")),
        el("td", { title: exactTime(user.created_at) }, ago(user.created_at)),
        el("td", {}, act(user.is_active ? "Deactivate" : "Activate", async () => {
          await patch(`/users/${user.id}`, { is_active: !user.is_active });
          toast(`${user.email} is ${user.is_active ? "deactivated" : "active again"}.`);
          await refresh();
        }))),
    );
    return table(["E-mail", "Name", "Role", "State", "Since", ""], rows);
  });
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
