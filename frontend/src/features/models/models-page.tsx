import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useText, type TextOf } from "~/i18n/text";
import { Page } from "~/ui/page";
import { Empty, Shown } from "~/ui/states";
import { Table, tableStyles, type Column } from "~/ui/table";
import { Ago } from "~/ui/time";
import { Aliases } from "./aliases";
import { modelListQuery, type Model } from "./model-queries";

/** All models, with what their aliases name. */
export function ModelsPage() {
  const t = useText();
  const navigate = useNavigate();
  const list = useInfiniteQuery(modelListQuery);
  return (
    <Page title={t("models.title")} about={t("models.about")}>
      <section className="card" aria-label={t("models.title")}>
        <Shown query={list}>
          {({ pages }) => {
            const rows = pages.flatMap(({ items }) => items);
            if (rows.length === 0) return <Empty title={t("models.none")}>{t("models.noneHelp")} <code>satellite model register</code></Empty>;
            return (
              <>
                <Table label={t("models.title")} columns={columnsOf(t)} rows={rows} keyOf={({ name }) => name} onOpen={({ name }) => void navigate({ to: "/models/$name", params: { name } })} />
                {list.hasNextPage && (
                  <button type="button" className="quiet wide" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
                    {t("action.more")}
                  </button>
                )}
              </>
            );
          }}
        </Shown>
      </section>
    </Page>
  );
}

function columnsOf(t: TextOf): Column<Model>[] {
  return [
    { id: "name", title: t("models.name"), cell: ({ name }) => <Link to="/models/$name" params={{ name }}>{name}</Link> },
    { id: "aliases", title: t("models.aliases"), cell: ({ aliases }) => <Aliases aliases={aliases} /> },
    { id: "latest", title: t("models.newest"), cell: ({ latest_version }) => latest_version ?? "–" },
    { id: "description", title: t("models.description"), isExtra: true, cell: ({ description }) => <div className={`muted ${tableStyles.clip}`} title={description}>{description}</div> },
    { id: "created", title: t("models.registered"), isExtra: true, cell: ({ created_at }) => <Ago time={created_at} /> },
  ];
}
