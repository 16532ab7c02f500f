import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useText } from "~/i18n/text";
import { useMayChange } from "~/session/session";
import { useCommands, type Command } from "~/ui/commands";
import { CopyButton } from "~/ui/copy-button";
import { useToasts } from "~/ui/toasts";
import { asCurl, asPython, asShell } from "./copy-as";
import { cancelJob, retryJob } from "./job-actions";
import { jobKeys, type Job } from "./job-queries";

/** What can be done with a job. */
export function JobButtons({ job }: { job: Job }) {
  const t = useText();
  const mayChange = useMayChange();
  const act = useAct(job);
  const isEnded = ["completed", "failed", "cancelled"].includes(job.status);
  const canCancel = mayChange && !isEnded && !job.cancelling;
  const canRetry = mayChange && ["failed", "cancelled"].includes(job.status);
  const commands: Command[] = [];
  if (canCancel) commands.push({ id: "job.cancel", label: t("jobs.cancel"), run: () => act.mutate("cancel") });
  if (canRetry) commands.push({ id: "job.retry", label: t("jobs.retry"), shortcut: "r", run: () => act.mutate("retry") });
  useCommands(commands);
  const request = { plugin_name: job.plugin_name, plugin_version: job.plugin_version, input_data: job.input_data, priority: job.priority };
  return (
    <>
      {canCancel && (
        <button type="button" className="danger" disabled={act.isPending} onClick={() => act.mutate("cancel")}>
          {t("jobs.cancel")}
        </button>
      )}
      {canRetry && (
        <button type="button" disabled={act.isPending} onClick={() => act.mutate("retry")}>
          {t("jobs.retry")}
        </button>
      )}
      {mayChange && (
        <Link className="button" to="/submit" search={{ from: job.id }}>
          {t("jobs.retryEdited")}
        </Link>
      )}
      <CopyButton label="curl" text={() => asCurl(request)} />
      <CopyButton label="Python" text={() => asPython(request)} />
      <CopyButton label="CLI" text={() => asShell(request)} />
    </>
  );
}

function useAct(job: Job) {
  const t = useText();
  const queries = useQueryClient();
  const { tell, tellError } = useToasts();
  return useMutation({
    mutationFn: (action: "cancel" | "retry") => (action === "cancel" ? cancelJob(job.id) : retryJob(job.id)),
    onSuccess: (_, action) => tell(t(`jobs.${action}Done`, { id: job.id })),
    onError: tellError,
    onSettled: () => queries.invalidateQueries({ queryKey: jobKeys.one(job.id) }),
  });
}
