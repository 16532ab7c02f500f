import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useText, type TextOf } from "~/i18n/text";
import { More } from "~/ui/more";
import { Empty, Shown } from "~/ui/states";
import { Table, type Column } from "~/ui/table";
import { Ago } from "~/ui/time";
import { channelsQuery } from "../channels/channel-queries";
import { notificationsRoute } from "../feature";
import styles from "../notifications.module.css";
import { DeliveryDialog } from "./delivery-dialog";
import type { DeliveryFilter } from "./delivery-filter";
import { DeliveryFilters } from "./delivery-filters";
import { deliveryListQuery, type Delivery } from "./delivery-queries";
import { DeliveryStatus } from "./delivery-status";
import { receiverText } from "./receiver-text";
import { SubjectLink } from "./subject-link";

/** What one was or is to be told, with what the receivers said: by channels, and by webhooks of single jobs. */
export function Deliveries() {
  const t = useText();
  const navigate = useNavigate();
  const { tab, delivery, ...filter } = notificationsRoute.useSearch();
  const list = useInfiniteQuery(deliveryListQuery(filter));
  const channels = useQuery(channelsQuery).data ?? [];
  const names = new Map(channels.map(({ id, name }) => [id, name]));
  const open = (id: number | undefined) => void navigate({ to: "/notifications", search: { ...filter, tab, delivery: id }, resetScroll: false });
  return (
    <section className="card" aria-label={t("notifications.tab.deliveries")}>
      <DeliveryFilters key={JSON.stringify(filter)} filter={filter} channels={channels} />
      <Shown query={list}>
        {({ pages }) => {
          const rows = pages.flatMap(({ items }) => items);
          if (rows.length === 0) return <Empty title={t("deliveries.none")}>{t("deliveries.noneHelp")}</Empty>;
          return (
            <>
              <Table label={t("notifications.tab.deliveries")} columns={columns(t, filter, names)} rows={rows} keyOf={({ id }) => id} onOpen={({ id }) => open(id)} />
              <More list={list} />
            </>
          );
        }}
      </Shown>
      {delivery !== undefined && <DeliveryDialog key={delivery} id={delivery} channelNames={names} onClose={() => open(undefined)} />}
    </section>
  );
}

function columns(t: TextOf, filter: DeliveryFilter, names: Map<number, string>): Column<Delivery>[] {
  return [
    { id: "kind", title: t("deliveries.what"), cell: ({ id, kind }) => <Link to="/notifications" search={{ ...filter, tab: "deliveries", delivery: id }} resetScroll={false}>{t(`notifications.kind.${kind}`)}</Link> },
    { id: "subject", title: t("deliveries.about"), cell: ({ subject, subject_id }) => <SubjectLink subject={subject} id={subject_id} /> },
    { id: "channel", title: t("deliveries.by"), isExtra: true, cell: ({ channel_id }) => receiverText(t, channel_id, names) },
    { id: "status", title: t("deliveries.status"), cell: ({ status }) => <DeliveryStatus status={status} /> },
    { id: "attempts", title: t("deliveries.attempts"), isExtra: true, cell: ({ attempts }) => <span className="number">{attempts}</span> },
    { id: "said", title: t("deliveries.lastAnswer"), isExtra: true, cell: ({ answers }) => <LastAnswer answers={answers} /> },
    { id: "at", title: t("deliveries.made"), isExtra: true, cell: ({ created_at }) => <Ago time={created_at} /> },
  ];
}

function LastAnswer({ answers }: Pick<Delivery, "answers">) {
  const last = answers.at(-1);
  if (last === undefined) return <span className="muted">–</span>;
  return (
    <>
      {last.status !== null && <span className="tag">{last.status}</span>} <span className={`muted small ${styles.said}`}>{last.said}</span>
    </>
  );
}
