import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useText } from "~/i18n/text";
import { FormDialog } from "~/ui/form-dialog";
import { AddressField } from "./address-field";
import { changeChannel, CHANNELS, type Channel, type ChannelKind } from "./channel-queries";

/** Asks for another name or address of a channel; an address that is left empty stays. */
export function ChangeChannel({ channel: { id, name, kind }, onClose }: { channel: Channel; onClose: () => void }) {
  const t = useText();
  const queries = useQueryClient();
  const changing = useMutation({
    mutationFn: (form: FormData) => changeChannel(id, { name: String(form.get("name")), address: String(form.get("address") ?? "").trim() || null }),
    onSuccess: () => {
      onClose();
      return queries.invalidateQueries({ queryKey: CHANNELS });
    },
  });
  return (
    <FormDialog title={t("channels.changeTitle", { name })} action={t("action.save")} error={changing.error} isBusy={changing.isPending} onSubmit={changing.mutate} onClose={onClose}>
      <label>
        {t("channels.name")}
        <input name="name" type="text" required maxLength={100} defaultValue={name} autoComplete="off" />
      </label>
      {kind !== "websocket" && (
        <>
          <p className="muted small">{t("channels.addressStays")}</p>
          <AddressField kind={kind as ChannelKind} isRequired={false} />
        </>
      )}
    </FormDialog>
  );
}
