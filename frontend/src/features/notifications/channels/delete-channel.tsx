import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useText } from "~/i18n/text";
import { Confirm } from "~/ui/dialog";
import { Fault } from "~/ui/fault";
import { CHANNELS, deleteChannel, type Channel } from "./channel-queries";

/** Asks before a channel is deleted. */
export function DeleteChannel({ channel: { id, name }, onClose }: { channel: Channel; onClose: () => void }) {
  const t = useText();
  const queries = useQueryClient();
  const deleting = useMutation({
    mutationFn: () => deleteChannel(id),
    onSuccess: () => {
      onClose();
      return queries.invalidateQueries({ queryKey: CHANNELS.slice(0, 1) });
    },
  });
  return (
    <Confirm title={t("channels.deleteTitle", { name })} action={t("channels.delete")} isBusy={deleting.isPending} onConfirm={() => deleting.mutate()} onClose={onClose}>
      <p>{t("channels.deleteAbout")}</p>
      <Fault error={deleting.error} />
    </Confirm>
  );
}
