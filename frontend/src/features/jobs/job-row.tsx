import { Link } from "@tanstack/react-router";
import { memo } from "react";
import { useText } from "~/i18n/text";
import { duration } from "~/i18n/formats";
import { StatusPill } from "~/ui/status-pill";
import { tableStyles } from "~/ui/table";
import { Ago, Since } from "~/ui/time";
import type { Job } from "./job-queries";

interface JobRowProps {
  job: Job;
  isSelected: boolean;
  /** Whose it is matters to who sees everybody's. */
  showsOwner: boolean;
  onSelect: (id: number, isSelected: boolean) => void;
  onOpen: (id: number) => void;
}

/** A job of the list. It is drawn again only when the job itself has changed. */
export const JobRow = memo(function JobRow({ job, isSelected, showsOwner, onSelect, onOpen }: JobRowProps) {
  const t = useText();
  return (
    <tr data-opens data-selected={isSelected || undefined} onClick={(event) => isPlain(event.target) && onOpen(job.id)}>
      <td>
        <input type="checkbox" aria-label={t("jobs.select", { id: job.id })} checked={isSelected} onChange={(event) => onSelect(job.id, event.target.checked)} />
      </td>
      <td>
        <Link to="/jobs/$jobId" params={{ jobId: String(job.id) }} preload={false}>{`#${job.id}`}</Link>
        {showsOwner && <span className="muted small"> · {t("jobs.owner", { id: job.owner_id })}</span>}
      </td>
      <td>
        {job.plugin_name} <span className="muted small">{job.plugin_version}</span>
      </td>
      <td>
        <StatusPill status={job.cancelling ? "cancelling" : job.status} progress={job.progress} />
      </td>
      <td className={`number ${tableStyles.extra}`}>{job.attempt || "–"}</td>
      <td className={tableStyles.extra}>
        <Ago time={job.created_at} />
      </td>
      <td className={`number ${tableStyles.extra}`}>
        <Taken job={job} />
      </td>
    </tr>
  );
});

function Taken({ job }: { job: Job }) {
  useText();
  if (job.timings) return duration(job.timings.total);
  if (job.status === "processing" && job.started_at) return <Since time={job.started_at} />;
  if (job.completed_at) return duration(Date.parse(job.completed_at) - Date.parse(job.created_at));
  return "–";
}

function isPlain(target: EventTarget): boolean {
  return target instanceof Element && target.closest("a, button, input, label") === null;
}
