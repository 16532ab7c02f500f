import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { problemText } from "~/api/problems";
import { number } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { Page } from "~/ui/page";
import { Empty, Shown } from "~/ui/states";
import { DrainedAway } from "./drained-away";
import { workersRoute } from "./feature";
import { WorkerCard } from "./worker-card";
import { workersQuery, type Worker } from "./worker-queries";
import { isFound } from "./worker-state";

/** The live workers, asked for again as often as they give a sign of life. */
export function WorkersPage() {
  const t = useText();
  const workers = useQuery(workersQuery);
  const flower = workers.data?.flower_url;
  const link = flower && (
    <a className="button" href={flower} target="_blank" rel="noreferrer">
      {t("workers.flower")}
    </a>
  );
  return (
    <Page title={t("workers.title")} about={t("workers.about")} actions={link}>
      {workers.data && workers.error && (
        <p role="alert" className="note bad">
          <strong>{t("workers.old")}</strong> {problemText(workers.error)}
        </p>
      )}
      <Shown query={workers}>
        {({ items, drainedAway }) => (
          <>
            {items.length === 0 ? <Empty title={t("workers.none")}>{t("workers.noneHelp")}</Empty> : <Workers workers={items} />}
            <DrainedAway names={drainedAway} />
          </>
        )}
      </Shown>
    </Page>
  );
}

function Workers({ workers }: { workers: Worker[] }) {
  const t = useText();
  const navigate = useNavigate();
  const { search = "" } = workersRoute.useSearch();
  const found = workers.filter((worker) => isFound(worker, search));
  const sum = (count: (worker: Worker) => number) => number(workers.reduce((total, worker) => total + count(worker), 0));
  return (
    <>
      <div className="row">
        <input
          type="search" aria-label={t("workers.search")} placeholder={t("workers.search")} value={search} size={30}
          onChange={(event) => void navigate({ to: "/workers", search: { search: event.target.value || undefined }, replace: true })}
        />
        <span className="muted small">{t("workers.summary", { workers: workers.length, busy: sum((worker) => worker.slots_taken), slots: sum((worker) => worker.slots), cards: workers.reduce((total, worker) => total + worker.cards.length, 0) })}</span>
      </div>
      {found.length === 0 ? (
        <Empty title={t("workers.noMatch")} />
      ) : (
        <div className="cards">
          {found.map((worker) => (
            <WorkerCard key={worker.name} worker={worker} />
          ))}
        </div>
      )}
    </>
  );
}
