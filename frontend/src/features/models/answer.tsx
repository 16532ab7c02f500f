import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { answerOf, api, type Schemas } from "~/api/client";
import { useText } from "~/i18n/text";
import { Shown } from "~/ui/states";
import { StatusPill } from "~/ui/status-pill";
import { JsonTree } from "~/viewers/json-tree/json-tree";
import styles from "./models.module.css";

const ENDED = new Set(["completed", "failed", "cancelled"]);
const ASK_AGAIN_MS = 1_000;

/** What a question has come to, whose job is asked for again until it has ended. */
export function Answer({ question: { job_id, model_name, model_version } }: { question: Schemas["InferenceStatus"] }) {
  const t = useText();
  const job = useQuery({
    queryKey: ["jobs", "answer", job_id],
    queryFn: async () => (await answerOf(api.GET("/api/v1/jobs/{job_id}", { params: { path: { job_id } } }))) as Schemas["JobRead"],
    refetchInterval: ({ state }) => (state.data && ENDED.has(state.data.status) ? false : ASK_AGAIN_MS),
  });
  return (
    <section className={styles.part} aria-label={t("models.answer")}>
      <div className="row">
        <h2>{t("models.answer")}</h2>
        <span className="muted">{`${model_name}@${model_version}`}</span>
        <Link to="/jobs/$jobId" params={{ jobId: String(job_id) }}>{`#${job_id}`}</Link>
      </div>
      <Shown query={job}>
        {({ status, progress, result, error }) => (
          <>
            <p><StatusPill status={status} progress={progress} /></p>
            {status === "completed" && <JsonTree value={result} label={t("models.answer")} />}
            {error && <p className="note bad">{error.message}</p>}
          </>
        )}
      </Shown>
    </section>
  );
}
