import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { problemText } from "~/api/problems";
import { useText } from "~/i18n/text";
import { Confirm, Dialog } from "~/ui/dialog";
import { useToasts } from "~/ui/toasts";
import styles from "./dead-letters.module.css";
import type { LetterFilter } from "./letter-filter";
import { letterKey, replayAll, versionNamesQuery, type Replayed } from "./letter-queries";

interface ReplayDialogProps {
  title: string;
  filter: LetterFilter;
  count: number;
  onClose: () => void;
}

/** Asks before dead letters run again, by which version of their plugin, and tells which could not. */
export function ReplayDialog({ title, filter, count, onClose }: ReplayDialogProps) {
  const t = useText();
  const queries = useQueryClient();
  const { tell } = useToasts();
  const [version, setVersion] = useState("");
  const replay = useMutation({
    mutationFn: () => replayAll(filter, version || undefined),
    onSuccess: (done) => {
      // What stays is told by the dialog, which stays for it.
      if (done.unfit > 0 || done.stopped_by) return;
      tell(t("deadletters.replayed", { count: done.replayed }));
      onClose();
    },
    onSettled: () => queries.invalidateQueries({ queryKey: letterKey }),
  });
  if (replay.data) return <Rest done={replay.data} onClose={onClose} />;
  return (
    <Confirm title={title} action={t("deadletters.replay")} isBusy={replay.isPending} onConfirm={() => replay.mutate()} onClose={onClose}>
      <p>{t("deadletters.replayAsk", { count })}</p>
      {filter.plugin !== undefined && <VersionChoice plugin={filter.plugin} chosen={version} onChoose={setVersion} />}
      {replay.error && (
        <p role="alert" className="error-text">
          {problemText(replay.error)}
        </p>
      )}
    </Confirm>
  );
}

function VersionChoice({ plugin, chosen, onChoose }: { plugin: string; chosen: string; onChoose: (version: string) => void }) {
  const t = useText();
  const versions = useQuery(versionNamesQuery(plugin)).data ?? [];
  return (
    <label>
      {t("deadletters.version")}
      <select value={chosen} onChange={(event) => onChoose(event.target.value)}>
        <option value="">{t("deadletters.ownVersion")}</option>
        {versions.map((version) => (
          <option key={version}>{version}</option>
        ))}
      </select>
    </label>
  );
}

function Rest({ done, onClose }: { done: Replayed; onClose: () => void }) {
  const t = useText();
  return (
    <Dialog title={t("deadletters.restTitle")} onClose={onClose}>
      <p>{t("deadletters.replayed", { count: done.replayed })}</p>
      {done.stopped_by && <p className="note bad">{t("deadletters.stopped", { code: done.stopped_by })}</p>}
      {done.unfit > 0 && <p>{t("deadletters.unfit", { count: done.unfit })}</p>}
      <ul className={styles.unfit}>
        {done.unfit_jobs?.map(({ job_id, errors }) => (
          <li key={job_id}>
            <Link to="/jobs/$jobId" params={{ jobId: String(job_id) }}>{`#${job_id}`}</Link>
            {errors.map(({ pointer, message }) => (
              <p key={pointer} className="small">
                <code>{pointer || "/"}</code> {message}
              </p>
            ))}
          </li>
        ))}
      </ul>
      <button type="button" onClick={onClose}>
        {t("action.close")}
      </button>
    </Dialog>
  );
}
