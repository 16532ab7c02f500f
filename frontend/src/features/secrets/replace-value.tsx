import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useText } from "~/i18n/text";
import { FormDialog } from "~/ui/form-dialog";
import { useToasts } from "~/ui/toasts";
import { replaceValue, SECRETS, type Secret } from "./secret-queries";
import { ValueField } from "./value-field";

/** Asks for another value of a secret. */
export function ReplaceValue({ secret: { id, name }, onClose }: { secret: Secret; onClose: () => void }) {
  const t = useText();
  const queries = useQueryClient();
  const { tell } = useToasts();
  const replacing = useMutation({
    mutationFn: (form: FormData) => replaceValue(id, String(form.get("value"))),
    onSuccess: () => {
      tell(t("secrets.isReplaced", { name }));
      onClose();
      return queries.invalidateQueries({ queryKey: SECRETS });
    },
  });
  return (
    <FormDialog title={t("secrets.replaceTitle", { name })} action={t("secrets.replace")} error={replacing.error} isBusy={replacing.isPending} onSubmit={replacing.mutate} onClose={onClose}>
      <p>{t("secrets.replaceAbout")}</p>
      <ValueField />
    </FormDialog>
  );
}
