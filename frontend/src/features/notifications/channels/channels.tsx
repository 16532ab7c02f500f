import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useText, type TextOf } from "~/i18n/text";
import { useCommands } from "~/ui/commands";
import { Empty, Shown } from "~/ui/states";
import { Table, type Column } from "~/ui/table";
import styles from "../notifications.module.css";
import { ChangeChannel } from "./change-channel";
import { channelsQuery, type Channel } from "./channel-queries";
import { DeleteChannel } from "./delete-channel";
import { EnabledSwitch } from "./enabled-switch";
import { JobWebhooks } from "./job-webhooks";
import { NewChannel } from "./new-channel";
import { RotateSecret } from "./rotate-secret";
import { TestChannel } from "./test-channel";

type Asked = { what: "change" | "test" | "rotate" | "delete"; channel: Channel };

/** By what one is told. */
export function Channels() {
  const t = useText();
  const channels = useQuery(channelsQuery);
  const [isMaking, setMaking] = useState(false);
  const [asked, setAsked] = useState<Asked | null>(null);
  const make = () => setMaking(true);
  useCommands([{ id: "channels.new", label: t("channels.new"), shortcut: "n", run: make }]);
  return (
    <>
      <section className="card" aria-label={t("notifications.tab.channels")}>
        <header className={styles.head}>
          <h2 className="grow">{t("notifications.tab.channels")}</h2>
          <button type="button" className="primary" onClick={make}>
            {t("channels.new")}
          </button>
        </header>
        <Shown query={channels}>
          {(rows) => (rows.length === 0 ? <Empty title={t("channels.none")}>{t("channels.noneHelp")}</Empty> : <Table label={t("notifications.tab.channels")} columns={columns(t, setAsked)} rows={rows} keyOf={({ id }) => id} />)}
        </Shown>
      </section>
      <JobWebhooks />
      {isMaking && <NewChannel onClose={() => setMaking(false)} />}
      {asked !== null && <Dialogs asked={asked} onClose={() => setAsked(null)} />}
    </>
  );
}

function Dialogs({ asked: { what, channel }, onClose }: { asked: Asked; onClose: () => void }) {
  if (what === "change") return <ChangeChannel channel={channel} onClose={onClose} />;
  if (what === "test") return <TestChannel channel={channel} onClose={onClose} />;
  if (what === "rotate") return <RotateSecret channel={channel} onClose={onClose} />;
  return <DeleteChannel channel={channel} onClose={onClose} />;
}

function columns(t: TextOf, ask: (asked: Asked) => void): Column<Channel>[] {
  return [
    { id: "name", title: t("channels.name"), cell: ({ name }) => <strong>{name}</strong> },
    { id: "kind", title: t("channels.kind"), cell: ({ kind }) => <span className="tag">{t(`channels.kind.${kind}`)}</span> },
    { id: "hint", title: t("channels.address"), isExtra: true, cell: ({ kind, hint }) => <span className="muted">{kind === "websocket" ? t("channels.ownStreams") : hint}</span> },
    { id: "state", title: t("channels.state"), cell: (channel) => <State channel={channel} /> },
    { id: "actions", title: "", cell: (channel) => <Actions channel={channel} ask={ask} /> },
  ];
}

function State({ channel: { is_enabled, fault } }: { channel: Channel }) {
  const t = useText();
  return (
    <span className={styles.tags}>
      <span className="tag" data-tone={is_enabled ? "good" : "warn"}>
        {t(is_enabled ? "channels.enabled" : "channels.disabled")}
      </span>
      {fault !== null && <span className="error-text small">{fault}</span>}
    </span>
  );
}

function Actions({ channel, ask }: { channel: Channel; ask: (asked: Asked) => void }) {
  const t = useText();
  return (
    <span className="row">
      <button type="button" disabled={!channel.is_enabled} onClick={() => ask({ what: "test", channel })}>
        {t("channels.test")}
      </button>
      <EnabledSwitch channel={channel} />
      <button type="button" className="quiet" onClick={() => ask({ what: "change", channel })}>
        {t("channels.change")}
      </button>
      {channel.kind === "webhook" && (
        <button type="button" className="quiet" onClick={() => ask({ what: "rotate", channel })}>
          {t("channels.rotate")}
        </button>
      )}
      <button type="button" className="danger" onClick={() => ask({ what: "delete", channel })}>
        {t("channels.delete")}
      </button>
    </span>
  );
}
