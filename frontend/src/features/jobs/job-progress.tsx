import { percent } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { Progress } from "~/ui/progress";
import type { Job } from "./job-queries";

/** How far a job is, while it runs. */
export function JobProgress({ job }: { job: Job }) {
  const t = useText();
  if (job.status !== "processing") return null;
  const text = [job.progress === null ? t("jobs.running") : percent(job.progress), job.progressMessage].filter(Boolean);
  return (
    <div>
      <Progress label={t("jobs.progress")} value={job.progress} />
      <p className="muted small">{text.join(" · ")}</p>
    </div>
  );
}
