import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { duration, number } from "~/i18n/formats";
import { useText, type TextOf } from "~/i18n/text";
import { Empty, Shown } from "~/ui/states";
import { Table, type Column } from "~/ui/table";
import { Ago } from "~/ui/time";
import { Comparison } from "./comparison";
import { chosenOf, toggled } from "./compared";
import { modelRoute } from "./feature";
import { Gate } from "./gate";
import { figuresQuery, versionsQuery, type Model, type Version } from "./model-queries";
import styles from "./models.module.css";
import { MoveAlias } from "./move-alias";
import { useOwns } from "./use-owns";

/** The versions of a model, to compare and to give names to. */
export function Versions({ model }: { model: Model }) {
  const t = useText();
  const navigate = useNavigate();
  const owns = useOwns(model);
  const versions = useInfiniteQuery(versionsQuery(model.name));
  const figures = useQuery(figuresQuery(model.name)).data;
  const { compare } = modelRoute.useSearch();
  const [promoted, setPromoted] = useState<number | null>(null);
  const chosen = chosenOf(compare);
  const toggle = (version: number) => void navigate({ to: "/models/$name", params: { name: model.name }, search: { compare: toggled(chosen, version) }, replace: true });
  return (
    <Shown query={versions}>
      {({ pages }) => {
        const rows = pages.flatMap(({ items }) => items);
        if (rows.length === 0) return <Empty title={t("models.noVersions")}>{t("models.noVersionsHelp")} <code>satellite model register</code></Empty>;
        return (
          <div className="stack">
            <Gate name={model.name} />
            <section className="card" aria-label={t("models.tab.versions")}>
              <Table label={t("models.tab.versions")} columns={[...columnsOf(t, chosen, toggle), ...figureColumns(t, figures), ...(owns ? [promotion(t, setPromoted)] : [])]} rows={rows} keyOf={({ version }) => version} />
            </section>
            {versions.hasNextPage && <button type="button" className="quiet wide" onClick={() => void versions.fetchNextPage()}>{t("action.more")}</button>}
            {chosen.length > 1 ? <Comparison name={model.name} versions={chosen} /> : <p className="muted small">{t("models.compareHelp")}</p>}
            {promoted !== null && <MoveAlias model={model} version={promoted} onClose={() => setPromoted(null)} />}
          </div>
        );
      }}
    </Shown>
  );
}

function columnsOf(t: TextOf, chosen: readonly number[], toggle: (version: number) => void): Column<Version>[] {
  return [
    { id: "compare", title: <span className="visually-hidden">{t("models.compare")}</span>, cell: ({ version }) => <input type="checkbox" aria-label={t("models.compareOne", { version })} checked={chosen.includes(version)} onChange={() => toggle(version)} /> },
    { id: "version", title: t("models.version"), cell: ({ model_name, version }) => <Link to="/models/$name" params={{ name: model_name }} search={{ tab: "card", version }}>{version}</Link> },
    { id: "aliases", title: t("models.aliases"), cell: ({ aliases }) => <span className={styles.tags}>{aliases.map((alias) => <span key={alias} className="tag" data-tone="good">{alias}</span>)}</span> },
    { id: "plugin", title: t("models.plugin"), isExtra: true, cell: ({ plugin_name, plugin_version }) => `${plugin_name} ${plugin_version}` },
    { id: "created", title: t("models.registered"), isExtra: true, cell: ({ created_at }) => <Ago time={created_at} /> },
  ];
}

type Figures = Map<number, { completed: number; failed: number; p95_total_ms: number | null }> | undefined;

function figureColumns(t: TextOf, figures: Figures): Column<Version>[] {
  return [
    { id: "asked", title: t("models.answered"), isExtra: true, cell: ({ version }) => <span className="number">{number(figures?.get(version)?.completed ?? 0)}</span> },
    { id: "failed", title: t("models.failed"), isExtra: true, cell: ({ version }) => <span className="number">{number(figures?.get(version)?.failed ?? 0)}</span> },
    { id: "p95", title: t("models.p95"), isExtra: true, cell: ({ version }) => <span className="number">{duration(figures?.get(version)?.p95_total_ms)}</span> },
  ];
}

function promotion(t: TextOf, onPromote: (version: number) => void): Column<Version> {
  return { id: "promote", title: "", cell: ({ version }) => <button type="button" aria-label={t("models.moveTo", { version })} onClick={() => onPromote(version)}>{t("models.move")}</button> };
}
