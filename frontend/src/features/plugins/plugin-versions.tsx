import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useText, type TextOf } from "~/i18n/text";
import { Confirm } from "~/ui/dialog";
import { Table, type Column } from "~/ui/table";
import { Ago } from "~/ui/time";
import { useToasts } from "~/ui/toasts";
import { deleteVersion } from "./plugin-actions";
import { pluginKeys, type Plugin } from "./plugin-queries";
import { PluginState } from "./plugin-tags";
import { useOwns } from "./use-owns";

/** All versions of a plugin, newest registration first. */
export function PluginVersions({ versions }: { versions: Plugin[] }) {
  const t = useText();
  const [doomed, setDoomed] = useState<Plugin | null>(null);
  const owns = useOwns(versions[0]);
  return (
    <section className="card" aria-label={t("plugins.tab.versions")}>
      <Table label={t("plugins.tab.versions")} rows={versions} keyOf={({ version }) => version} columns={columnsOf(t, owns ? setDoomed : null)} />
      {doomed && <Deletion plugin={doomed} isLast={versions.length === 1} onClose={() => setDoomed(null)} />}
    </section>
  );
}

function columnsOf(t: TextOf, onDelete: ((plugin: Plugin) => void) | null): Column<Plugin>[] {
  const columns: Column<Plugin>[] = [
    { id: "version", title: t("plugins.version"), cell: ({ name, version }) => <Link to="/plugins/$name" params={{ name }} search={{ version }}>{version}</Link> },
    { id: "tested", title: t("plugins.tab.report"), cell: (plugin) => <PluginState plugin={{ ...plugin, control: { is_paused: false, max_running: null } }} /> },
    { id: "image", title: t("plugins.image"), isExtra: true, cell: ({ docker_image }) => <code>{docker_image}</code> },
    { id: "registered", title: t("plugins.registered"), cell: ({ created_at }) => <Ago time={created_at} /> },
  ];
  if (onDelete) columns.push({ id: "delete", title: "", cell: (plugin) => <button type="button" className="danger" aria-label={t("plugins.deleteOne", { version: plugin.version })} onClick={() => onDelete(plugin)}>{t("plugins.delete")}</button> });
  return columns;
}

function Deletion({ plugin: { name, version }, isLast, onClose }: { plugin: Plugin; isLast: boolean; onClose: () => void }) {
  const t = useText();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { tell, tellError } = useToasts();
  const deletion = useMutation({
    mutationFn: () => deleteVersion(name, version),
    onSuccess: async () => {
      tell(t("plugins.deleted", { name, version }));
      if (isLast) await navigate({ to: "/plugins" });
      void queries.invalidateQueries({ queryKey: pluginKeys.all });
    },
    onError: tellError,
    onSettled: onClose,
  });
  return (
    <Confirm title={t("plugins.deleteTitle", { name, version })} action={t("plugins.delete")} isBusy={deletion.isPending} onConfirm={() => deletion.mutate()} onClose={onClose}>
      <p>{t("plugins.deleteAsk")}</p>
    </Confirm>
  );
}
