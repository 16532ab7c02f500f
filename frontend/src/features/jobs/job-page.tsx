import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Failure, Empty, Shown } from "~/ui/states";
import type { Schemas } from "~/api/client";
import { failureText } from "~/api/problems";
import { useText } from "~/i18n/text";
import { useFrames } from "~/live/live-state";
import { Page } from "~/ui/page";
import { StatusPill } from "~/ui/status-pill";
import { applyFrame } from "./apply-frames";
import { jobRoute } from "./feature";
import { JobButtons } from "./job-buttons";
import { JobFacts } from "./job-facts";
import { JobHistory } from "./job-history";
import { JobLog } from "./job-log";
import styles from "./job-page.module.css";
import { JobResult } from "./job-result";
import { jobKeys, jobQuery, type Job } from "./job-queries";
import { JobProgress } from "./job-progress";
import { PhasesBar } from "./phases-bar";
import { WaitingReason } from "./waiting-reason";

/** A job: how it is, where its time went, what it said and made. */
export function JobPage() {
  const t = useText();
  const id = Number(jobRoute.useParams().jobId);
  const query = useLiveJob(id);
  if (!Number.isSafeInteger(id)) return <Failure error={new Error(t("state.missing"))} />;
  return <Shown query={query}>{(job) => (job.kind === "run" ? <Empty title={t("jobs.isRun", { id })}>{job.workflow_name}</Empty> : <JobView key={id} job={job} />)}</Shown>;
}

function JobView({ job }: { job: Job }) {
  const t = useText();
  return (
    <Page title={t("jobs.one", { id: job.id })} about={`${job.plugin_name} ${job.plugin_version}`} actions={<JobButtons job={job} />}>
      <div className={styles.columns}>
        <div className="stack">
          <div className="row">
            <StatusPill status={job.cancelling ? "cancelling" : job.status} progress={job.progress} />
          </div>
          <WaitingReason job={job} />
          {job.error && <JobFailure error={job.error} />}
          <JobProgress job={job} />
          {job.timings && <PhasesBar timings={job.timings} attempt={job.attempt} />}
          <JobResult job={job} />
          <JobLog job={job} />
        </div>
        <div className="stack">
          <JobFacts job={job} />
          <JobHistory job={job} />
        </div>
      </div>
    </Page>
  );
}

function JobFailure({ error }: { error: Schemas["JobError"] }) {
  // In another language it is said anew.
  useText();
  return (
    <div className="note bad">
      <strong>{failureText(error.kind)}</strong>
      <p>{error.message}</p>
      {error.stderr_tail && <pre tabIndex={0}>{error.stderr_tail}</pre>}
    </div>
  );
}

/** A job that frames keep fresh; with its result it is asked for again, since that has timings, artifacts and all of it. */
function useLiveJob(id: number) {
  const queries = useQueryClient();
  useFrames((frames) => {
    const about = frames.filter((frame) => frame.job_id === id);
    const known = queries.getQueryData<Job | Schemas["RunRead"]>(jobKeys.one(id));
    if (about.length === 0 || known === undefined) return;
    if (known.kind === "job") queries.setQueryData(jobKeys.one(id), about.reduce(applyFrame, known));
    if (about.some(({ type }) => type === "result" || type === "status")) void queries.invalidateQueries({ queryKey: jobKeys.one(id) });
  });
  return useQuery(jobQuery(id));
}
