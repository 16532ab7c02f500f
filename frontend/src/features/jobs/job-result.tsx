import { useState } from "react";
import { bytes } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { Segments } from "~/ui/segments";
import { ResultView } from "~/viewers/result-view/result-view";
import { viewsOf, type View } from "~/viewers/result-view/views";
import type { Job } from "./job-queries";
import styles from "./job-page.module.css";

/** What a job has come to. */
export function JobResult({ job }: { job: Job }) {
  const t = useText();
  const views = viewsOf(job.result);
  const [chosen, setChosen] = useState<View>("tree");
  if (job.status !== "completed") return null;
  if (job.result_artifact) {
    return (
      <section className={styles.part}>
        <h2>{t("jobs.result")}</h2>
        <p>
          {t("jobs.largeResult", { size: bytes(job.result_artifact.size_bytes) })}{" "}
          <a href={`/api/v1/jobs/${job.id}/artifacts/${encodeURIComponent(job.result_artifact.name)}`} download>
            {t("log.download")}
          </a>
        </p>
        <pre tabIndex={0}>{job.result_artifact.preview}</pre>
      </section>
    );
  }
  const view = views.includes(chosen) ? chosen : "tree";
  return (
    <section className={styles.part} id="job-result">
      <div className={styles.head}>
        <h2 className="grow">{t("jobs.result")}</h2>
        <Segments label={t("result.view")} choices={views.map((value) => ({ value, text: t(`result.${value}`) }))} chosen={view} onChoose={setChosen} />
      </div>
      <ResultView value={job.result} view={view} label={t("jobs.result")} />
    </section>
  );
}
