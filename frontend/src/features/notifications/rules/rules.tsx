import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useText, type TextOf } from "~/i18n/text";
import { useCommands } from "~/ui/commands";
import { Confirm } from "~/ui/dialog";
import { Fault } from "~/ui/fault";
import { Empty, Shown } from "~/ui/states";
import { Table, type Column } from "~/ui/table";
import { useToasts } from "~/ui/toasts";
import { channelsQuery } from "../channels/channel-queries";
import styles from "../notifications.module.css";
import { RuleDialog } from "./rule-dialog";
import { contentOf, deleteRule, putRule, RULES, rulesQuery, type Rule } from "./rule-queries";

type Asked = { what: "change"; rule: Rule | null } | { what: "delete"; rule: Rule };

/** Of what one is told, and by which channels. */
export function Rules() {
  const t = useText();
  const rules = useQuery(rulesQuery);
  const channels = useQuery(channelsQuery).data;
  const [asked, setAsked] = useState<Asked | null>(null);
  const names = new Map(channels?.map(({ id, name }) => [id, name]));
  const make = () => setAsked({ what: "change", rule: null });
  const hasChannel = channels !== undefined && channels.length > 0;
  useCommands(hasChannel ? [{ id: "rules.new", label: t("rules.new"), shortcut: "n", run: make }] : []);
  return (
    <section className="card" aria-label={t("notifications.tab.rules")}>
      <header className={styles.head}>
        <h2 className="grow">{t("notifications.tab.rules")}</h2>
        {channels?.length === 0 && <span className="muted">{t("rules.needsChannel")}</span>}
        <button type="button" className="primary" disabled={!hasChannel} onClick={make}>
          {t("rules.new")}
        </button>
      </header>
      <Shown query={rules}>
        {(rows) => (rows.length === 0 ? <Empty title={t("rules.none")}>{t("rules.noneHelp")}</Empty> : <Table label={t("notifications.tab.rules")} columns={columns(t, names, setAsked)} rows={rows} keyOf={({ id }) => id} />)}
      </Shown>
      {asked?.what === "change" && <RuleDialog rule={asked.rule} channels={channels ?? []} onClose={() => setAsked(null)} />}
      {asked?.what === "delete" && <DeleteRule rule={asked.rule} onClose={() => setAsked(null)} />}
    </section>
  );
}

function columns(t: TextOf, names: Map<number, string>, ask: (asked: Asked) => void): Column<Rule>[] {
  return [
    { id: "name", title: t("rules.name"), cell: ({ name, is_enabled }) => <><strong>{name}</strong> {!is_enabled && <span className="tag" data-tone="warn">{t("channels.disabled")}</span>}</> },
    { id: "kinds", title: t("rules.kinds"), cell: ({ kinds }) => <Tags texts={kinds.map((kind) => t(`notifications.kind.${kind}`))} /> },
    { id: "narrowed", title: t("rules.narrowed"), isExtra: true, cell: (rule) => <Tags texts={narrowedBy(t, rule)} /> },
    { id: "channels", title: t("rules.channels"), isExtra: true, cell: ({ channel_ids }) => <Tags texts={channel_ids.map((id) => names.get(id) ?? `#${id}`)} /> },
    { id: "actions", title: "", cell: (rule) => <Actions rule={rule} ask={ask} /> },
  ];
}

function Tags({ texts }: { texts: string[] }) {
  if (texts.length === 0) return <span className="muted">–</span>;
  return (
    <span className={styles.tags}>
      {texts.map((text) => (
        <span key={text} className="tag">
          {text}
        </span>
      ))}
    </span>
  );
}

function narrowedBy(t: TextOf, { plugin_name, workflow_id, min_priority, of_everybody }: Rule): string[] {
  const parts = [
    plugin_name !== null && t("rules.ofPlugin", { name: plugin_name }),
    workflow_id !== null && t("rules.ofWorkflow", { id: workflow_id }),
    min_priority !== null && t("rules.fromPriority", { priority: min_priority }),
    of_everybody && t("rules.ofEverybody"),
  ];
  return parts.filter((part) => part !== false);
}

function Actions({ rule, ask }: { rule: Rule; ask: (asked: Asked) => void }) {
  const t = useText();
  const queries = useQueryClient();
  const { tellError } = useToasts();
  const switching = useMutation({
    mutationFn: () => putRule(rule.id, { ...contentOf(rule), is_enabled: !rule.is_enabled }),
    onSuccess: () => queries.invalidateQueries({ queryKey: RULES }),
    onError: tellError,
  });
  return (
    <span className="row">
      <button type="button" className="quiet" onClick={() => ask({ what: "change", rule })}>
        {t("channels.change")}
      </button>
      <button type="button" className="quiet" disabled={switching.isPending} onClick={() => switching.mutate()}>
        {t(rule.is_enabled ? "channels.disable" : "channels.enable")}
      </button>
      <button type="button" className="danger" onClick={() => ask({ what: "delete", rule })}>
        {t("channels.delete")}
      </button>
    </span>
  );
}

function DeleteRule({ rule: { id, name }, onClose }: { rule: Rule; onClose: () => void }) {
  const t = useText();
  const queries = useQueryClient();
  const deleting = useMutation({
    mutationFn: () => deleteRule(id),
    onSuccess: () => {
      onClose();
      return queries.invalidateQueries({ queryKey: RULES });
    },
  });
  return (
    <Confirm title={t("rules.deleteTitle", { name })} action={t("channels.delete")} isBusy={deleting.isPending} onConfirm={() => deleting.mutate()} onClose={onClose}>
      <p>{t("rules.deleteAbout")}</p>
      <Fault error={deleting.error} />
    </Confirm>
  );
}
