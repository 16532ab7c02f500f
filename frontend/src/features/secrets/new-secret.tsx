import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { pluginNamesQuery } from "~/api/plugin-names";
import { useText } from "~/i18n/text";
import { useIsAdmin } from "~/session/session";
import { FormDialog } from "~/ui/form-dialog";
import { NameList } from "~/ui/name-list";
import { useToasts } from "~/ui/toasts";
import { SECRETS, storeSecret } from "./secret-queries";
import { ValueField } from "./value-field";

/** Asks for a new secret, and stores it. */
export function NewSecret({ onClose }: { onClose: () => void }) {
  const t = useText();
  const isAdmin = useIsAdmin();
  const [plugins, setPlugins] = useState<string[]>([]);
  const known = useQuery(pluginNamesQuery).data ?? [];
  const queries = useQueryClient();
  const { tell } = useToasts();
  const storing = useMutation({
    mutationFn: storeSecret,
    onSuccess: ({ name }) => {
      tell(t("secrets.isStored", { name }));
      onClose();
      return queries.invalidateQueries({ queryKey: SECRETS });
    },
  });
  const store = (form: FormData) => storing.mutate({ name: String(form.get("name")), value: String(form.get("value")), for_all: form.get("for_all") === "on", plugins });
  return (
    <FormDialog title={t("secrets.new")} action={t("secrets.store")} error={storing.error} isBusy={storing.isPending} onSubmit={store} onClose={onClose}>
      <label>
        {t("secrets.name")}
        <input name="name" type="text" className="mono" required maxLength={100} autoFocus autoComplete="off" placeholder="MODEL_TOKEN" />
        <span className="muted small">{t("secrets.nameHint")}</span>
      </label>
      <ValueField />
      <NameList label={t("secrets.plugins")} names={plugins} known={known} onChange={setPlugins} />
      {isAdmin && (
        <label>
          <input name="for_all" type="checkbox" /> {t("secrets.forAll")}
        </label>
      )}
    </FormDialog>
  );
}
