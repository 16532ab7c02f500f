import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useText } from "~/i18n/text";
import { useIsAdmin } from "~/session/session";
import { useCommands } from "~/ui/commands";
import { Confirm } from "~/ui/dialog";
import { useToasts } from "~/ui/toasts";
import { deleteCluster, probe, setDraining } from "./cluster-actions";
import { clusterKeys, type Cluster } from "./cluster-queries";

/** What admins can do with a cluster. */
export function ClusterButtons({ cluster: { name, is_draining } }: { cluster: Cluster }) {
  const t = useText();
  const isAdmin = useIsAdmin();
  const [isDoomed, setDoomed] = useState(false);
  const act = useAct();
  const drain = () => act.mutate({ done: t(is_draining ? "clusters.isResumed" : "clusters.isDraining", { name }), work: () => setDraining(name, !is_draining) });
  const test = () => act.mutate({ done: t("clusters.isProbed"), work: () => probe(name) });
  const drainLabel = t(is_draining ? "clusters.resume" : "clusters.drain");
  useCommands(
    isAdmin
      ? [
          { id: "clusters.probe", label: t("clusters.probe"), shortcut: "t", run: test },
          { id: "clusters.drain", label: drainLabel, run: drain },
          { id: "clusters.delete", label: t("clusters.delete"), run: () => setDoomed(true) },
        ]
      : [],
  );
  if (!isAdmin) return null;
  return (
    <>
      <button type="button" disabled={act.isPending} onClick={test}>{t("clusters.probe")}</button>
      <button type="button" disabled={act.isPending} onClick={drain}>{drainLabel}</button>
      <button type="button" className="danger" onClick={() => setDoomed(true)}>{t("clusters.delete")}</button>
      {isDoomed && <Deletion name={name} onClose={() => setDoomed(false)} />}
    </>
  );
}

function useAct() {
  const queries = useQueryClient();
  const { tell, tellError } = useToasts();
  return useMutation({
    mutationFn: ({ work }: { done: string; work: () => Promise<unknown> }) => work(),
    onSuccess: (_, { done }) => {
      tell(done);
      return queries.invalidateQueries({ queryKey: clusterKeys.all });
    },
    onError: tellError,
  });
}

function Deletion({ name, onClose }: { name: string; onClose: () => void }) {
  const t = useText();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { tell, tellError } = useToasts();
  const deletion = useMutation({
    mutationFn: () => deleteCluster(name),
    onSuccess: async () => {
      tell(t("clusters.isDeleted", { name }));
      await navigate({ to: "/clusters" });
      queries.removeQueries({ queryKey: clusterKeys.one(name) });
      void queries.invalidateQueries({ queryKey: clusterKeys.all });
    },
    onError: tellError,
    onSettled: onClose,
  });
  return (
    <Confirm title={t("clusters.deleteTitle", { name })} action={t("clusters.delete")} isBusy={deletion.isPending} onConfirm={() => deletion.mutate()} onClose={onClose}>
      <p>{t("clusters.deleteAsk")}</p>
    </Confirm>
  );
}
