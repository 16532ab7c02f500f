import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { bytes, duration, number } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { Page } from "~/ui/page";
import { Segments } from "~/ui/segments";
import { Shown } from "~/ui/states";
import { Ago } from "~/ui/time";
import { ActiveJobs } from "./active-jobs";
import { ClusterButtons } from "./cluster-buttons";
import { clusterQuery, type Cluster } from "./cluster-queries";
import { ClusterState, StateHelp } from "./cluster-state";
import { Checks, Events } from "./checks";
import styles from "./clusters.module.css";
import { CLUSTER_TABS, clusterRoute } from "./feature";
import { HostKeys } from "./host-keys";
import { Nodes } from "./nodes";

const MIB = 1024 ** 2;

/** A cluster: how it is, what it has, and what runs there. */
export function ClusterPage() {
  const { name } = clusterRoute.useParams();
  const cluster = useQuery(clusterQuery(name));
  return <Shown query={cluster}>{(data) => <Content cluster={data} />}</Shown>;
}

function Content({ cluster }: { cluster: Cluster }) {
  const t = useText();
  const navigate = useNavigate();
  const { tab = "nodes" } = clusterRoute.useSearch();
  const { name } = cluster;
  const choose = (next: (typeof CLUSTER_TABS)[number]) => void navigate({ to: "/clusters/$name", params: { name }, search: { tab: next } });
  return (
    <Page title={name} about={addressOf(cluster)} actions={<ClusterButtons cluster={cluster} />}>
      <div className="row">
        <ClusterState cluster={cluster} />
        <span className="muted small">
          {t("clusters.since")} <Ago time={cluster.state_since} />
        </span>
      </div>
      <StateHelp cluster={cluster} />
      <Figures cluster={cluster} />
      <div className="row">
        <Segments label={t("clusters.parts")} choices={CLUSTER_TABS.map((value) => ({ value, text: t(`clusters.tab.${value}`) }))} chosen={tab} onChoose={choose} />
      </div>
      {tab === "nodes" && <Nodes name={name} />}
      {tab === "jobs" && <ActiveJobs name={name} />}
      {tab === "keys" && <HostKeys cluster={cluster} />}
      {tab === "checks" && <Checks cluster={cluster} />}
      {tab === "events" && <Events name={name} />}
    </Page>
  );
}

function Figures({ cluster }: { cluster: Cluster }) {
  const t = useText();
  const disk = cluster.disk_free_mib === null || cluster.disk_total_mib === null ? "–" : t("clusters.freeOf", { free: bytes(cluster.disk_free_mib * MIB), of: bytes(cluster.disk_total_mib * MIB) });
  const labels = Object.entries(cluster.labels).map(([key, value]) => `${key}=${value}`);
  return (
    <section className="card padded" aria-label={t("clusters.figures")}>
      <dl className={styles.facts}>
        <Fact name={t("clusters.cards")} value={t("clusters.freeOf", { free: number(cluster.cards_free), of: number(cluster.cards) })} />
        <Fact name={t("clusters.jobs")} value={t("clusters.jobsOf", { running: number(cluster.running), waiting: number(cluster.waiting) })} />
        <Fact name={t("clusters.slots")} value={number(cluster.slots)} />
        <Fact name={t("clusters.disk")} value={disk} />
        <Fact name={t("clusters.answer")} value={duration(cluster.rtt_ms)} />
        <Fact name={t("clusters.connections")} value={number(cluster.connections)} />
        <Fact name={t("clusters.folder")} value={cluster.base_dir} />
        <Fact name={t("clusters.field.launcher")} value={cluster.launcher} />
        {labels.length > 0 && <Fact name={t("clusters.labels")} value={labels.join(", ")} />}
        <dt>{t("clusters.reported")}</dt>
        <dd><Ago time={cluster.reported_at} /></dd>
      </dl>
    </section>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

function addressOf({ user, host, port, via }: Cluster): string {
  const address = `${user}@${host}:${port}`;
  return via ? `${address} ← ${via.user}@${via.host}:${via.port}` : address;
}
