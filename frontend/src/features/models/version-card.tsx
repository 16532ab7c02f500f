import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { bytes, duration } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { Empty, Shown } from "~/ui/states";
import { Table } from "~/ui/table";
import { Ago, Moment } from "~/ui/time";
import { JsonTree } from "~/viewers/json-tree/json-tree";
import { modelRoute } from "./feature";
import { cardQuery, type Card, type Model } from "./model-queries";
import styles from "./models.module.css";

/** All that is known of one version, the newest unless another is chosen. */
export function VersionCard({ model }: { model: Model }) {
  const t = useText();
  const { version = model.latest_version } = modelRoute.useSearch();
  if (version === null) return <Empty title={t("models.noVersions")} />;
  return <Chosen name={model.name} version={version} />;
}

function Chosen({ name, version }: { name: string; version: number }) {
  const t = useText();
  const card = useQuery(cardQuery(name, version));
  return (
    <Shown query={card}>
      {(data) => (
        <div className="stack">
          <h2>{t("models.versionOf", { version })}</h2>
          <Facts card={data} />
          <Files card={data} />
          <Evaluations card={data} />
          {data.job && <MadeBy job={data.job} />}
        </div>
      )}
    </Shown>
  );
}

function Facts({ card: { version, plugin_digest } }: { card: Card }) {
  const t = useText();
  const metrics = Object.entries(version.metrics).map(([metric, value]) => `${metric} = ${typeof value === "object" ? JSON.stringify(value) : value}`);
  const facts: [string, ReactNode][] = [
    [t("models.metrics"), metrics.length > 0 ? metrics.join(", ") : "–"],
    [t("models.plugin"), <Link key="plugin" to="/plugins/$name" params={{ name: version.plugin_name }} search={{ version: version.plugin_version }}>{`${version.plugin_name} ${version.plugin_version}`}</Link>],
    [t("models.registered"), <Moment key="registered" time={version.created_at} />],
    [t("models.digest"), <code key="digest">{version.digest}</code>],
    [t("models.pluginDigest"), <code key="plugin digest">{plugin_digest}</code>],
  ];
  return (
    <section className="card padded" aria-label={t("models.tab.card")}>
      <dl className={styles.facts}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Files({ card: { version } }: { card: Card }) {
  const t = useText();
  return (
    <section className="card" aria-label={t("models.files")}>
      <Table
        label={t("models.files")} rows={version.files} keyOf={({ role }) => role}
        columns={[
          { id: "role", title: t("models.file"), cell: ({ role }) => role },
          { id: "size", title: t("models.size"), cell: ({ size_bytes }) => <span className="number">{bytes(size_bytes)}</span> },
          { id: "sha", title: "SHA-256", isExtra: true, cell: ({ sha256 }) => <code>{sha256}</code> },
        ]}
      />
    </section>
  );
}

function Evaluations({ card: { evaluations } }: { card: Card }) {
  const t = useText();
  if (evaluations.length === 0) return <p className="muted">{t("models.noEvaluations")}</p>;
  return (
    <section className="card" aria-label={t("models.evaluations")}>
      <Table
        label={t("models.evaluations")} rows={evaluations} keyOf={({ id }) => id}
        columns={[
          { id: "data", title: t("models.data"), cell: ({ data_name, data_digest }) => data_name ?? data_digest.slice(0, 12) },
          { id: "metrics", title: t("models.metrics"), cell: ({ metrics }) => Object.entries(metrics).map(([metric, value]) => `${metric} = ${value}`).join(", ") },
          { id: "job", title: t("models.job"), isExtra: true, cell: ({ job_id }) => (job_id === null ? "–" : <Link to="/jobs/$jobId" params={{ jobId: String(job_id) }}>{`#${job_id}`}</Link>) },
          { id: "when", title: t("models.when"), isExtra: true, cell: ({ created_at }) => <Ago time={created_at} /> },
        ]}
      />
    </section>
  );
}

function MadeBy({ job }: { job: NonNullable<Card["job"]> }) {
  const t = useText();
  return (
    <section className={styles.part}>
      <h2>
        {t("models.madeBy")} <Link to="/jobs/$jobId" params={{ jobId: String(job.id) }}>{`#${job.id}`}</Link>
      </h2>
      <p className="muted">{`${job.plugin_name} ${job.plugin_version} · ${job.worker ?? "–"} · ${duration(job.ran_ms)}`}</p>
      <JsonTree value={job.input_data} label={t("models.input")} />
    </section>
  );
}
