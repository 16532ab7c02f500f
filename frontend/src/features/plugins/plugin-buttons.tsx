import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useText } from "~/i18n/text";
import { useIsAdmin, useMayChange } from "~/session/session";
import { useCommands, type Command } from "~/ui/commands";
import { useToasts } from "~/ui/toasts";
import { NumberDialog } from "./number-dialog";
import { handOver, setMostRunning, setPaused } from "./plugin-actions";
import { pluginKeys, type Plugin } from "./plugin-queries";
import { useOwns } from "./use-owns";

type Asked = "limit" | "owner";

/** What can be done with a plugin: by everybody who may change anything, by its owner, and by admins. */
export function PluginButtons({ plugin }: { plugin: Plugin }) {
  const t = useText();
  const navigate = useNavigate();
  const mayChange = useMayChange();
  const isAdmin = useIsAdmin();
  const owns = useOwns(plugin);
  const [asked, setAsked] = useState<Asked | null>(null);
  const act = useAct();
  const { name, control } = plugin;
  const pause = () => act.mutate({ done: t(control.is_paused ? "plugins.resumed" : "plugins.nowPaused", { name }), work: () => setPaused(name, !control.is_paused) });
  const tryIt = () => void navigate({ to: "/submit", search: { plugin: name } });
  const commands: Command[] = [];
  if (mayChange) commands.push({ id: "plugins.try", label: t("plugins.tryOne", { name }), shortcut: "n", run: tryIt });
  if (isAdmin) commands.push({ id: "plugins.pause", label: t(control.is_paused ? "plugins.resume" : "plugins.pause"), run: pause }, { id: "plugins.limit", label: t("plugins.limit"), run: () => setAsked("limit") });
  if (owns) commands.push({ id: "plugins.handOver", label: t("plugins.handOver"), run: () => setAsked("owner") });
  useCommands(commands);
  return (
    <>
      {isAdmin && <button type="button" disabled={act.isPending} onClick={pause}>{t(control.is_paused ? "plugins.resume" : "plugins.pause")}</button>}
      {isAdmin && <button type="button" onClick={() => setAsked("limit")}>{t("plugins.limit")}</button>}
      {owns && <button type="button" onClick={() => setAsked("owner")}>{t("plugins.handOver")}</button>}
      {owns && <Link className="button" to="/register-plugin" search={{ from: name }}>{t("plugins.newVersion")}</Link>}
      {mayChange && <Link className="button primary" to="/submit" search={{ plugin: name }}>{t("plugins.try")}</Link>}
      {asked === "limit" && (
        <NumberDialog
          title={t("plugins.limit")} label={t("plugins.limitHelp")} initial={control.max_running} isBusy={act.isPending} onClose={() => setAsked(null)}
          onGiven={(count) => act.mutate({ done: t("plugins.limited", { name }), work: () => setMostRunning(name, count) }, { onSettled: () => setAsked(null) })}
        />
      )}
      {asked === "owner" && (
        <NumberDialog
          title={t("plugins.handOver")} label={t("plugins.handOverHelp")} initial={null} isRequired isBusy={act.isPending} onClose={() => setAsked(null)}
          onGiven={(id) => id !== null && act.mutate({ done: t("plugins.handedOver", { name, id }), work: () => handOver(name, id) }, { onSettled: () => setAsked(null) })}
        />
      )}
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
      return queries.invalidateQueries({ queryKey: pluginKeys.all });
    },
    onError: tellError,
  });
}
