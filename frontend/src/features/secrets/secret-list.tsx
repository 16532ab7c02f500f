import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useText, type TextOf } from "~/i18n/text";
import { useUser } from "~/session/session";
import { More } from "~/ui/more";
import { Empty, Shown } from "~/ui/states";
import { Table, type Column } from "~/ui/table";
import { Ago } from "~/ui/time";
import { DeleteSecret } from "./delete-secret";
import { PluginsOfSecret } from "./plugins-of-secret";
import { ReplaceValue } from "./replace-value";
import { secretListQuery, type Secret } from "./secret-queries";
import styles from "./secrets.module.css";

type Asked = { what: "replace" | "plugins" | "delete"; secret: Secret };

/** The secrets, without their values. */
export function SecretList() {
  const t = useText();
  const me = useUser();
  const list = useInfiniteQuery(secretListQuery);
  const [asked, setAsked] = useState<Asked | null>(null);
  const close = () => setAsked(null);
  return (
    <Shown query={list}>
      {({ pages }) => {
        const rows = pages.flatMap(({ items }) => items);
        if (rows.length === 0) return <Empty title={t("secrets.none")}>{t("secrets.noneHelp")} <code>secrets: [&#123;name: MODEL_TOKEN&#125;]</code></Empty>;
        return (
          <>
            <Table label={t("secrets.title")} columns={columns(t, { isAdmin: me.role === "admin", me: me.id, ask: setAsked })} rows={rows} keyOf={({ id }) => id} />
            <More list={list} />
            {asked?.what === "replace" && <ReplaceValue secret={asked.secret} onClose={close} />}
            {asked?.what === "plugins" && <PluginsOfSecret secret={asked.secret} onClose={close} />}
            {asked?.what === "delete" && <DeleteSecret secret={asked.secret} onClose={close} />}
          </>
        );
      }}
    </Shown>
  );
}

type Viewer = { isAdmin: boolean; me: number; ask: (asked: Asked) => void };

function columns(t: TextOf, viewer: Viewer): Column<Secret>[] {
  return [
    { id: "name", title: t("secrets.name"), cell: ({ name }) => <code>{name}</code> },
    { id: "owner", title: t("secrets.owner"), isExtra: true, cell: ({ owner_id }) => <span className="tag">{ownerText(t, owner_id, viewer.me)}</span> },
    { id: "plugins", title: t("secrets.plugins"), cell: ({ plugins }) => <Plugins plugins={plugins} /> },
    { id: "version", title: t("secrets.version"), isExtra: true, cell: ({ version }) => <span className="number">{version}</span> },
    { id: "changed", title: t("secrets.changed"), isExtra: true, cell: ({ changed_at }) => <Ago time={changed_at} /> },
    { id: "actions", title: "", cell: (secret) => (viewer.isAdmin || secret.owner_id !== null) && <Actions secret={secret} ask={viewer.ask} /> },
  ];
}

function ownerText(t: TextOf, owner: number | null, me: number): string {
  if (owner === null) return t("secrets.ofAll");
  return owner === me ? t("secrets.mine") : t("secrets.ofUser", { id: owner });
}

function Plugins({ plugins }: { plugins: string[] }) {
  const t = useText();
  if (plugins.length === 0) return <span className="muted">{t("secrets.noPlugin")}</span>;
  return (
    <span className={styles.tags}>
      {plugins.map((name) => (
        <span key={name} className="tag">
          {name}
        </span>
      ))}
    </span>
  );
}

function Actions({ secret, ask }: { secret: Secret; ask: (asked: Asked) => void }) {
  const t = useText();
  return (
    <span className="row">
      <button type="button" className="quiet" onClick={() => ask({ what: "replace", secret })}>
        {t("secrets.replace")}
      </button>
      <button type="button" className="quiet" onClick={() => ask({ what: "plugins", secret })}>
        {t("secrets.plugins")}
      </button>
      <button type="button" className="danger" onClick={() => ask({ what: "delete", secret })}>
        {t("secrets.delete")}
      </button>
    </span>
  );
}
