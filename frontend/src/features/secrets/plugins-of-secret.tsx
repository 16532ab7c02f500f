import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { pluginNamesQuery } from "~/api/plugin-names";
import { useText } from "~/i18n/text";
import { FormDialog } from "~/ui/form-dialog";
import { NameList } from "~/ui/name-list";
import { useToasts } from "~/ui/toasts";
import { changePlugins, SECRETS, type Secret } from "./secret-queries";

/** Asks whose jobs are given a secret. */
export function PluginsOfSecret({ secret, onClose }: { secret: Secret; onClose: () => void }) {
  const t = useText();
  const [plugins, setPlugins] = useState(secret.plugins);
  const known = useQuery(pluginNamesQuery).data ?? [];
  const queries = useQueryClient();
  const { tell } = useToasts();
  const changing = useMutation({
    mutationFn: () => changePlugins(secret, plugins),
    onSuccess: () => {
      tell(t("secrets.isGranted", { name: secret.name }));
      onClose();
    },
    // Some may be changed where others were refused.
    onSettled: () => queries.invalidateQueries({ queryKey: SECRETS }),
  });
  return (
    <FormDialog title={t("secrets.pluginsTitle", { name: secret.name })} action={t("action.save")} error={changing.error} isBusy={changing.isPending} onSubmit={() => changing.mutate()} onClose={onClose}>
      <p>{t("secrets.pluginsAbout")}</p>
      <NameList label={t("secrets.plugins")} names={plugins} known={known} onChange={setPlugins} />
    </FormDialog>
  );
}
