import { useQuery } from "@tanstack/react-query";
import { useLingui } from "@lingui/react";
import { number } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { explanationQuery, type Job } from "./job-queries";

/** Why a job does not run yet, and what would help. */
export function WaitingReason({ job }: { job: Job }) {
  const t = useText();
  const { i18n } = useLingui();
  const waits = job.status === "queued" || job.cancelling;
  const { data } = useQuery({ ...explanationQuery(job), enabled: waits });
  if (!waits || data === undefined) return null;
  // The API's own sentence knows names and numbers, and English only.
  const isEnglish = i18n.locale === "en";
  return (
    <div className="note" role="status">
      <strong>{isEnglish ? data.detail : t(`jobs.reason.${data.reason}`)}</strong>
      <p>{isEnglish ? data.what_would_help : `${data.detail} ${data.what_would_help}`}</p>
      {data.position != null && <p className="muted small">{t("jobs.position", { position: number(data.position) })}</p>}
    </div>
  );
}
