import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useText, type TextOf } from "~/i18n/text";
import { Confirm } from "~/ui/dialog";
import { Fault } from "~/ui/fault";
import { More } from "~/ui/more";
import { Empty, Shown } from "~/ui/states";
import { Table, type Column } from "~/ui/table";
import { Ago, Moment, useNow } from "~/ui/time";
import { useToasts } from "~/ui/toasts";
import styles from "../accounts.module.css";
import { keyListQuery, KEYS, revokeKey, stateOf, type ApiKey, type KeyState } from "./key-queries";

const TONES: Record<KeyState, string> = { valid: "good", expired: "warn", revoked: "bad" };

/** The API keys of an account, without what opens anything. */
export function KeyList({ accountId }: { accountId: number }) {
  const t = useText();
  const list = useInfiniteQuery(keyListQuery(accountId));
  const [revoked, setRevoked] = useState<ApiKey | null>(null);
  return (
    <Shown query={list}>
      {({ pages }) => {
        const rows = pages.flatMap(({ items }) => items);
        if (rows.length === 0) return <Empty title={t("accounts.keys.none")}>{t("accounts.keys.noneHelp")}</Empty>;
        return (
          <>
            <Table label={t("accounts.keys.title")} columns={columns(t, setRevoked)} rows={rows} keyOf={({ id }) => id} />
            <More list={list} />
            {revoked !== null && <Revoke apiKey={revoked} onClose={() => setRevoked(null)} />}
          </>
        );
      }}
    </Shown>
  );
}

function columns(t: TextOf, revoke: (key: ApiKey) => void): Column<ApiKey>[] {
  return [
    { id: "name", title: t("accounts.keys.name"), cell: ({ id, name }) => <>{name} <span className="muted small mono">sat_{id}_…</span></> },
    { id: "state", title: t("accounts.keys.state"), cell: (key) => <State apiKey={key} /> },
    { id: "scope", title: t("accounts.keys.scope"), isExtra: true, cell: (key) => <Scope apiKey={key} /> },
    { id: "used", title: t("accounts.keys.lastUsed"), cell: ({ last_used_at }) => (last_used_at === null ? <span className="muted">{t("accounts.keys.never")}</span> : <Ago time={last_used_at} />) },
    { id: "expires", title: t("accounts.keys.expires"), isExtra: true, cell: ({ expires_at }) => (expires_at === null ? <span className="muted">{t("accounts.keys.never")}</span> : <Moment time={expires_at} />) },
    { id: "made", title: t("accounts.keys.made"), isExtra: true, cell: ({ created_at }) => <Ago time={created_at} /> },
    { id: "action", title: "", cell: (key) => key.revoked_at === null && <button type="button" className="danger" onClick={() => revoke(key)}>{t("accounts.keys.revoke")}</button> },
  ];
}

function State({ apiKey }: { apiKey: ApiKey }) {
  const t = useText();
  const state = stateOf(apiKey, useNow());
  return (
    <span className="tag" data-tone={TONES[state]}>
      {t(`accounts.keys.state.${state}`)}
    </span>
  );
}

function Scope({ apiKey: { permissions, plugins, requests_per_minute } }: { apiKey: ApiKey }) {
  const t = useText();
  return (
    <div className={styles.tags}>
      {permissions === null ? <span className="muted">{t("accounts.keys.everything")}</span> : permissions.map((name) => <span key={name} className="tag">{name}</span>)}
      {plugins?.map((name) => <span key={name} className="tag">{t("accounts.keys.ofPlugin", { name })}</span>)}
      {requests_per_minute !== null && <span className="tag">{t("accounts.keys.perMinute", { count: requests_per_minute })}</span>}
    </div>
  );
}

function Revoke({ apiKey: { id, name }, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const t = useText();
  const queries = useQueryClient();
  const { tell } = useToasts();
  const revoking = useMutation({
    mutationFn: () => revokeKey(id),
    onSuccess: () => {
      tell(t("accounts.keys.isRevoked", { name }));
      onClose();
      return queries.invalidateQueries({ queryKey: KEYS });
    },
  });
  return (
    <Confirm title={t("accounts.keys.revokeTitle", { name })} action={t("accounts.keys.revoke")} isBusy={revoking.isPending} onConfirm={() => revoking.mutate()} onClose={onClose}>
      <p>{t("accounts.keys.revokeAbout")}</p>
      <Fault error={revoking.error} />
    </Confirm>
  );
}
