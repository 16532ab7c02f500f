import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useText } from "~/i18n/text";
import { StatusPill } from "~/ui/status-pill";
import { Empty, Shown } from "~/ui/states";
import { Table } from "~/ui/table";
import { Ago } from "~/ui/time";
import { activeJobsQuery } from "./cluster-queries";

/** The jobs that were sent there and have not ended. */
export function ActiveJobs({ name }: { name: string }) {
  const t = useText();
  const jobs = useQuery(activeJobsQuery(name));
  return (
    <section className="card" aria-label={t("clusters.tab.jobs")}>
      <Shown query={jobs}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t("clusters.noJobs")} />
          ) : (
            <Table
              label={t("clusters.tab.jobs")} rows={items} keyOf={({ job_id }) => job_id}
              columns={[
                { id: "job", title: t("clusters.job"), cell: ({ job_id }) => <Link to="/jobs/$jobId" params={{ jobId: String(job_id) }}>{`#${job_id}`}</Link> },
                { id: "plugin", title: t("clusters.plugin"), isExtra: true, cell: ({ plugin_name }) => plugin_name },
                { id: "status", title: t("clusters.state"), cell: ({ status }) => <StatusPill status={status} /> },
                { id: "phase", title: t("clusters.phase"), cell: ({ phase }) => phase ?? "–" },
                { id: "cards", title: t("clusters.cards"), isExtra: true, cell: ({ gpus }) => gpus?.length ?? "–" },
                { id: "started", title: t("clusters.started"), isExtra: true, cell: ({ started_at }) => <Ago time={started_at} /> },
              ]}
            />
          )
        }
      </Shown>
    </section>
  );
}
