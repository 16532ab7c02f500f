import { useQueries } from "@tanstack/react-query";
import { number } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { Empty, Failure, Loading } from "~/ui/states";
import { Table, type Column } from "~/ui/table";
import { comparedRows, type ComparedRow } from "./compared";
import { cardQuery } from "./model-queries";
import styles from "./models.module.css";

/** The numbers of versions beside each other, each with how it differs from the first. */
export function Comparison({ name, versions }: { name: string; versions: readonly number[] }) {
  const t = useText();
  const cards = useQueries({ queries: versions.map((version) => cardQuery(name, version)) });
  const failed = cards.find(({ error }) => error !== null);
  const known = cards.flatMap(({ data }) => data ?? []);
  const rows = comparedRows(known.map(({ version, evaluations }) => ({ metrics: version.metrics, evaluations })));
  const columns: Column<ComparedRow>[] = [
    { id: "metric", title: t("models.metric"), cell: ({ metric }) => metric },
    { id: "data", title: t("models.data"), isExtra: true, cell: ({ data }) => <span className="muted">{data ?? t("models.ofItself")}</span> },
    ...versions.map((version, index) => ({ id: String(version), title: t("models.versionOf", { version }), cell: ({ values }: ComparedRow) => <Value value={values[index] ?? null} first={values[0] ?? null} isFirst={index === 0} /> })),
  ];
  return (
    <section className={`card ${styles.comparison}`} aria-label={t("models.comparison")}>
      <h2>{t("models.comparison")}</h2>
      {failed ? (
        <Failure error={failed.error} />
      ) : known.length < versions.length ? (
        <Loading />
      ) : rows.length === 0 ? (
        <Empty title={t("models.noMetrics")} />
      ) : (
        <Table label={t("models.comparison")} columns={columns} rows={rows} keyOf={({ key }) => key} />
      )}
    </section>
  );
}

function Value({ value, first, isFirst }: { value: number | null; first: number | null; isFirst: boolean }) {
  if (value === null) return <span className="muted">–</span>;
  const difference = first === null || isFirst || value === first ? null : value - first;
  return (
    <span className="number">
      {precise(value)} {difference !== null && <span className="muted">{`${difference > 0 ? "+" : "−"}${precise(Math.abs(difference))}`}</span>}
    </span>
  );
}

function precise(value: number): string {
  return Math.abs(value) < 1e-3 && value !== 0 ? value.toExponential(2) : number(Number(value.toPrecision(5)));
}
