import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { number } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { useIsAdmin } from "~/session/session";
import { Page } from "~/ui/page";
import { Ago } from "~/ui/time";
import { Attention } from "./attention";
import { Figure } from "./figure";
import { History } from "./history";
import styles from "./overview-page.module.css";
import { PluginTimes } from "./plugin-times";
import { countsQuery, historyQuery, summaryQuery, workersQuery } from "./statistics-queries";

const STATUSES = ["queued", "processing", "completed", "failed", "cancelled"] as const;

/** The platform at a glance. */
export function OverviewPage() {
  const t = useText();
  const isAdmin = useIsAdmin();
  return (
    <Page title={t("statistics.title")} about={t(isAdmin ? "statistics.aboutAll" : "statistics.aboutOwn")}>
      <Attention />
      <Figures isAdmin={isAdmin} />
      <History />
      <PluginTimes />
    </Page>
  );
}

function Figures({ isAdmin }: { isAdmin: boolean }) {
  const t = useText();
  const byStatus = useQuery(summaryQuery).data?.by_status;
  const counts = useQuery(countsQuery(isAdmin)).data;
  const workers = useQuery(workersQuery);
  const waiting = useQuery(historyQuery).data?.waiting;
  const gpus = workers.data?.items.reduce((sum, { total }) => sum + total.gpus, 0) ?? 0;
  const gpusFree = workers.data?.items.reduce((sum, { free }) => sum + free.gpus, 0) ?? 0;
  const slots = workers.data?.items.reduce((sum, worker) => sum + worker.slots, 0) ?? 0;
  const busy = workers.data?.items.reduce((sum, worker) => sum + worker.slots_taken, 0) ?? 0;
  return (
    <section className={styles.figures} aria-label={t("statistics.figures")}>
      {STATUSES.map((status) => (
        <Link key={status} to="/jobs" search={{ status }} className={styles.link}>
          <Figure status={status} label={t(`status.${status}`)} value={byStatus && (byStatus[status] ?? 0)} note={t("statistics.lastDay")} />
        </Link>
      ))}
      <Figure label={t("statistics.waiting")} value={waiting?.jobs} note={waiting && <Oldest at={waiting.oldest_at} />} />
      <Figure label={t("statistics.workers")} value={workers.data?.total} note={workers.error ? t("statistics.workersUnknown") : t("statistics.slots", { busy: number(busy), slots: number(slots) })} />
      {gpus > 0 && <Figure label={t("statistics.gpus")} value={gpus} note={t("statistics.gpusBusy", { busy: number(gpus - gpusFree) })} />}
      <Figure label={t("statistics.jobs")} value={counts?.jobs} />
      <Figure label={t("statistics.plugins")} value={counts?.plugins} />
      {isAdmin && <Figure label={t("statistics.users")} value={counts?.users ?? undefined} />}
    </section>
  );
}

function Oldest({ at }: { at: string | null }) {
  const t = useText();
  if (at === null) return t("statistics.noneWaits");
  return (
    <>
      {t("statistics.oldest")} <Ago time={at} />
    </>
  );
}
