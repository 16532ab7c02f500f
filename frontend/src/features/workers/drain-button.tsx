import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answerOf, api } from "~/api/client";
import { useText } from "~/i18n/text";
import { useMay } from "~/session/session";
import { Confirm } from "~/ui/dialog";
import { useToasts } from "~/ui/toasts";
import { workersQuery } from "./worker-queries";

/** Lets a worker take no further jobs, after asking, or jobs again; for admins only. */
export function DrainButton({ name, isDrained }: { name: string; isDrained: boolean }) {
  const t = useText();
  const [isAsked, setAsked] = useState(false);
  const queries = useQueryClient();
  const { tell, tellError } = useToasts();
  const change = useMutation({
    mutationFn: () => answerOf(api.POST(isDrained ? "/api/v1/workers/{name}/resume" : "/api/v1/workers/{name}/drain", { params: { path: { name } } })),
    onSuccess: () => {
      tell(t(isDrained ? "workers.isResumed" : "workers.isDrained", { name }));
      return queries.invalidateQueries({ queryKey: workersQuery.queryKey });
    },
    onError: tellError,
    onSettled: () => setAsked(false),
  });
  if (!useMay("workers:manage")) return null;
  return (
    <>
      <button type="button" disabled={change.isPending} onClick={() => (isDrained ? change.mutate() : setAsked(true))}>
        {t(isDrained ? "workers.resume" : "workers.drain")}
      </button>
      {isAsked && (
        <Confirm title={t("workers.drainTitle", { name })} action={t("workers.drain")} isBusy={change.isPending} onConfirm={() => change.mutate()} onClose={() => setAsked(false)}>
          <p>{t("workers.drainAsk")}</p>
        </Confirm>
      )}
    </>
  );
}
