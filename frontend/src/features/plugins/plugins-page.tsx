import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useText, type TextOf } from "~/i18n/text";
import { useMayChange } from "~/session/session";
import { useCommands } from "~/ui/commands";
import { Page } from "~/ui/page";
import { Empty, Shown } from "~/ui/states";
import { Table, tableStyles, type Column } from "~/ui/table";
import { pluginsRoute } from "./feature";
import { pluginListQuery, type Plugin } from "./plugin-queries";
import { Asked, PluginState } from "./plugin-tags";

/** All plugins, each in its newest version. */
export function PluginsPage() {
  const t = useText();
  const mayChange = useMayChange();
  const navigate = useNavigate();
  const { search = "" } = pluginsRoute.useSearch();
  const register = () => void navigate({ to: "/register-plugin" });
  useCommands(mayChange ? [{ id: "plugins.register", label: t("plugins.register"), run: register }] : []);
  const action = mayChange && (
    <button type="button" onClick={register}>
      {t("plugins.register")}
    </button>
  );
  return (
    <Page title={t("plugins.title")} about={t("plugins.about")} actions={action}>
      <div className="row">
        <input
          type="search" aria-label={t("plugins.search")} placeholder={t("plugins.search")} value={search} size={30}
          onChange={(event) => void navigate({ to: "/plugins", search: { search: event.target.value || undefined }, replace: true })}
        />
      </div>
      <section className="card" aria-label={t("plugins.title")}>
        <List search={search} />
      </section>
    </Page>
  );
}

function List({ search }: { search: string }) {
  const t = useText();
  const navigate = useNavigate();
  const mayChange = useMayChange();
  const list = useInfiniteQuery({ ...pluginListQuery(search || undefined), placeholderData: keepPreviousData });
  return (
    <Shown query={list}>
      {({ pages }) => {
        const rows = pages.flatMap(({ items }) => items);
        if (rows.length === 0) return <None isSearched={search !== ""} />;
        return (
          <>
            <Table label={t("plugins.title")} columns={columnsOf(t, mayChange)} rows={rows} keyOf={({ name }) => name} onOpen={({ name }) => void navigate({ to: "/plugins/$name", params: { name } })} />
            {list.hasNextPage && (
              <button type="button" className="quiet wide" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
                {t("action.more")}
              </button>
            )}
          </>
        );
      }}
    </Shown>
  );
}

function columnsOf(t: TextOf, mayChange: boolean): Column<Plugin>[] {
  const columns: Column<Plugin>[] = [
    { id: "name", title: t("plugins.name"), cell: ({ name, version }) => <><Link to="/plugins/$name" params={{ name }}>{name}</Link> <span className="muted small">{version}</span></> },
    { id: "state", title: t("plugins.state"), cell: (plugin) => <PluginState plugin={plugin} /> },
    { id: "description", title: t("plugins.description"), isExtra: true, cell: ({ description }) => <div className={`muted ${tableStyles.clip}`} title={description}>{description}</div> },
    { id: "asks", title: t("plugins.asks"), isExtra: true, cell: (plugin) => <Asked plugin={plugin} /> },
  ];
  if (mayChange) columns.push({ id: "try", title: "", cell: ({ name }) => <Link className="button" to="/submit" search={{ plugin: name }} aria-label={t("plugins.tryOne", { name })}>{t("plugins.try")}</Link> });
  return columns;
}

function None({ isSearched }: { isSearched: boolean }) {
  const t = useText();
  if (isSearched) return <Empty title={t("plugins.noMatch")} />;
  return (
    <Empty title={t("plugins.none")}>
      {t("plugins.noneHelp")} <code>satellite plugin register</code>
    </Empty>
  );
}
