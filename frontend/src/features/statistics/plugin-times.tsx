import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { duration, number } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { Empty, Shown } from "~/ui/states";
import { Table } from "~/ui/table";
import styles from "./overview-page.module.css";
import { summaryQuery } from "./statistics-queries";

/** How long the jobs of each plugin took in the last day. */
export function PluginTimes() {
  const t = useText();
  const summary = useQuery(summaryQuery);
  return (
    <section className={styles.part}>
      <h2>{t("statistics.byPlugin")}</h2>
      <div className="card">
        <Shown query={summary}>
          {({ by_plugin: rows }) =>
            rows.length === 0 ? (
              <Empty title={t("statistics.nothingCompleted")} />
            ) : (
              <Table
                label={t("statistics.byPlugin")}
                rows={rows}
                keyOf={(row) => row.plugin_name}
                columns={[
                  { id: "plugin", title: t("statistics.plugin"), cell: (row) => <Link to="/jobs" search={{ plugin: row.plugin_name }}>{row.plugin_name}</Link> },
                  { id: "completed", title: t("status.completed"), cell: (row) => <span className="number">{number(row.completed)}</span> },
                  { id: "average", title: t("statistics.average"), cell: (row) => <span className="number">{duration(row.average_total_ms)}</span> },
                  { id: "p95", title: t("statistics.p95"), cell: (row) => <span className="number">{duration(row.p95_total_ms)}</span> },
                ]}
              />
            )
          }
        </Shown>
      </div>
    </section>
  );
}
