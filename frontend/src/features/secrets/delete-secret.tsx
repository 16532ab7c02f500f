import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useText } from "~/i18n/text";
import { Confirm } from "~/ui/dialog";
import { Fault } from "~/ui/fault";
import { useToasts } from "~/ui/toasts";
import { deleteSecret, SECRETS, type Secret } from "./secret-queries";

/** Asks before a secret is deleted. */
export function DeleteSecret({ secret: { id, name }, onClose }: { secret: Secret; onClose: () => void }) {
  const t = useText();
  const queries = useQueryClient();
  const { tell } = useToasts();
  const deleting = useMutation({
    mutationFn: () => deleteSecret(id),
    onSuccess: () => {
      tell(t("secrets.isDeleted", { name }));
      onClose();
      return queries.invalidateQueries({ queryKey: SECRETS });
    },
  });
  return (
    <Confirm title={t("secrets.deleteTitle", { name })} action={t("secrets.delete")} isBusy={deleting.isPending} onConfirm={() => deleting.mutate()} onClose={onClose}>
      <p>{t("secrets.deleteAbout")}</p>
      <Fault error={deleting.error} />
    </Confirm>
  );
}
