import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { number } from "~/i18n/formats";
import { useText, type TextOf } from "~/i18n/text";
import { useIsAdmin } from "~/session/session";
import { useCommands } from "~/ui/commands";
import { Page } from "~/ui/page";
import { Empty, Shown } from "~/ui/states";
import { Table, type Column } from "~/ui/table";
import { Ago } from "~/ui/time";
import { clustersQuery, type Cluster } from "./cluster-queries";
import { ClusterState } from "./cluster-state";
import { NewCluster } from "./new-cluster";

/** All clusters: how they are, and how much of them is free. */
export function ClustersPage() {
  const t = useText();
  const navigate = useNavigate();
  const isAdmin = useIsAdmin();
  const [isMaking, setMaking] = useState(false);
  const clusters = useQuery(clustersQuery);
  useCommands(isAdmin ? [{ id: "clusters.register", label: t("clusters.register"), shortcut: "n", run: () => setMaking(true) }] : []);
  const action = isAdmin && (
    <button type="button" className="primary" onClick={() => setMaking(true)}>
      {t("clusters.register")}
    </button>
  );
  return (
    <Page title={t("clusters.title")} about={t("clusters.about")} actions={action}>
      <section className="card" aria-label={t("clusters.title")}>
        <Shown query={clusters}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title={t("clusters.none")}>{t("clusters.noneHelp")} <code>satellite cluster add</code></Empty>
            ) : (
              <Table label={t("clusters.title")} columns={columnsOf(t)} rows={items} keyOf={({ name }) => name} onOpen={({ name }) => void navigate({ to: "/clusters/$name", params: { name } })} />
            )
          }
        </Shown>
      </section>
      {isMaking && <NewCluster onClose={() => setMaking(false)} />}
    </Page>
  );
}

function columnsOf(t: TextOf): Column<Cluster>[] {
  return [
    { id: "name", title: t("clusters.name"), cell: ({ name }) => <Link to="/clusters/$name" params={{ name }}>{name}</Link> },
    { id: "state", title: t("clusters.state"), cell: (cluster) => <ClusterState cluster={cluster} /> },
    { id: "cards", title: t("clusters.cards"), cell: ({ cards, cards_free }) => <span className="number">{t("clusters.freeOf", { free: number(cards_free), of: number(cards) })}</span> },
    { id: "running", title: t("clusters.jobs"), isExtra: true, cell: ({ running, waiting }) => <span className="number">{t("clusters.jobsOf", { running: number(running), waiting: number(waiting) })}</span> },
    { id: "address", title: t("clusters.address"), isExtra: true, cell: ({ user, host, port }) => <code>{`${user}@${host}${port === 22 ? "" : `:${port}`}`}</code> },
    { id: "since", title: t("clusters.since"), isExtra: true, cell: ({ state_since }) => <Ago time={state_since} /> },
  ];
}
