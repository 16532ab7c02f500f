import { useQuery } from "@tanstack/react-query";
import { useText } from "~/i18n/text";
import { Empty, Shown } from "~/ui/states";
import { Table } from "~/ui/table";
import { Ago } from "~/ui/time";
import { eventsQuery, type Cluster } from "./cluster-queries";

/** What its connector found when it looked at everything. */
export function Checks({ cluster: { checks } }: { cluster: Cluster }) {
  const t = useText();
  if (checks.length === 0) return <Empty title={t("clusters.noChecks")}>{t("clusters.noChecksHelp")}</Empty>;
  return (
    <section className="card" aria-label={t("clusters.tab.checks")}>
      <Table
        label={t("clusters.tab.checks")} rows={checks} keyOf={({ name }) => name}
        columns={[
          { id: "ok", title: t("clusters.verdict"), cell: ({ ok }) => <span className="tag" data-tone={ok ? "good" : "bad"}>{t(ok ? "clusters.ok" : "clusters.wrong")}</span> },
          { id: "name", title: t("clusters.check"), cell: ({ name }) => name },
          { id: "detail", title: t("clusters.detail"), cell: ({ detail }) => <span className="muted">{detail}</span> },
        ]}
      />
    </section>
  );
}

/** The changes of its state, newest first. */
export function Events({ name }: { name: string }) {
  const t = useText();
  const events = useQuery(eventsQuery(name));
  return (
    <section className="card" aria-label={t("clusters.tab.events")}>
      <Shown query={events}>
        {({ items }) => (
          <Table
            label={t("clusters.tab.events")} rows={items} keyOf={({ at, state }) => `${at} ${state}`}
            columns={[
              { id: "at", title: t("clusters.when"), cell: ({ at }) => <Ago time={at} /> },
              { id: "state", title: t("clusters.state"), cell: ({ state }) => state },
              { id: "reason", title: t("clusters.reason"), cell: ({ reason }) => <span className="muted">{reason}</span> },
            ]}
          />
        )}
      </Shown>
    </section>
  );
}
