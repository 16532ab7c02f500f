import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { number } from "~/i18n/formats";
import { useText, type TextOf } from "~/i18n/text";
import { useMay } from "~/session/session";
import { More } from "~/ui/more";
import { Page } from "~/ui/page";
import { Empty, Shown } from "~/ui/states";
import { Table, type Column } from "~/ui/table";
import { Moment } from "~/ui/time";
import { entryListQuery, exportAddress, type Entry } from "./audit-queries";
import styles from "./audit.module.css";
import { EntryDialog } from "./entry-dialog";
import { EntryFilters } from "./entry-filters";
import type { EntryFilter } from "./entry-filter";
import { auditRoute } from "./feature";
import { ObjectLink } from "./object-link";

/** The audit trail; for admins. */
export function AuditPage() {
  const t = useText();
  const mayRead = useMay("audit:read");
  const { entry, ...filter } = auditRoute.useSearch();
  if (!mayRead) return <Page title={t("audit.title")}><Empty title={t("audit.notYours")} /></Page>;
  const download = (
    <a className="button" href={exportAddress(filter)} download="audit.jsonl">
      {t("audit.export")}
    </a>
  );
  return (
    <Page title={t("audit.title")} about={t("audit.about")} actions={download}>
      <section className="card" aria-label={t("audit.title")}>
        <EntryFilters key={JSON.stringify(filter)} filter={filter} />
        <Entries filter={filter} opened={entry} />
      </section>
    </Page>
  );
}

/** The API counts no further. */
const COUNTED_MAX = 1_000;

function Entries({ filter, opened }: { filter: EntryFilter; opened: number | undefined }) {
  const t = useText();
  const navigate = useNavigate();
  const list = useInfiniteQuery(entryListQuery(filter));
  const open = (entry: number | undefined) => void navigate({ to: "/audit", search: { ...filter, entry }, resetScroll: false });
  return (
    <Shown query={list}>
      {({ pages }) => {
        const rows = pages.flatMap(({ items }) => items);
        const total = pages[0]?.total ?? 0;
        const entry = rows.find(({ id }) => id === opened);
        if (rows.length === 0) return <Empty title={t("audit.none")} />;
        return (
          <>
            <p className={`muted small ${styles.count}`}>{t("audit.count", { shown: number(rows.length), total: number(total), isMore: String(total >= COUNTED_MAX) })}</p>
            <Table label={t("audit.title")} columns={columns(t, filter)} rows={rows} keyOf={({ id }) => id} onOpen={({ id }) => open(id)} />
            <More list={list} />
            {entry !== undefined && <EntryDialog entry={entry} onClose={() => open(undefined)} />}
          </>
        );
      }}
    </Shown>
  );
}

function columns(t: TextOf, filter: EntryFilter): Column<Entry>[] {
  return [
    { id: "at", title: t("audit.at"), cell: ({ id, at }) => <Link to="/audit" search={{ ...filter, entry: id }} resetScroll={false}><Moment time={at} /></Link> },
    { id: "actor", title: t("audit.actor"), cell: ({ actor }) => (actor === null ? <span className="muted">{t("audit.platform")}</span> : actor) },
    { id: "action", title: t("audit.action"), cell: ({ action, is_refused }) => <>{t(`audit.action.${action}`)} {is_refused && <span className="tag" data-tone="bad">{t("audit.fate.refused")}</span>}</> },
    { id: "object", title: t("audit.object"), cell: (entry) => <ObjectLink entry={entry} /> },
    { id: "address", title: t("audit.address"), isExtra: true, cell: ({ address }) => <span className="mono">{address ?? "–"}</span> },
  ];
}
