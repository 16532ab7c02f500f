import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useText } from "~/i18n/text";
import { FormDialog } from "~/ui/form-dialog";
import { ShownOnce } from "~/ui/shown-once";
import { useToasts } from "~/ui/toasts";
import { AddressField } from "./address-field";
import { CHANNEL_KINDS, CHANNELS, makeChannel, type ChannelKind } from "./channel-queries";

/** Asks by what one wants to be told; of a webhook it then shows this once what signs its messages. */
export function NewChannel({ onClose }: { onClose: () => void }) {
  const t = useText();
  const [kind, setKind] = useState<ChannelKind>("webhook");
  const queries = useQueryClient();
  const { tell } = useToasts();
  const making = useMutation({
    mutationFn: (form: FormData) => makeChannel({ name: String(form.get("name")), kind, address: String(form.get("address") ?? "").trim() || null }),
    onSuccess: ({ name, signing_secret }) => {
      tell(t("channels.isMade", { name }));
      if (signing_secret == null) onClose();
      return queries.invalidateQueries({ queryKey: CHANNELS });
    },
  });
  const secret = making.data?.signing_secret;
  if (secret != null) return <ShownOnce key="made" title={t("channels.secretOf", { name: making.data?.name })} text={secret} about={t("channels.secretAbout")} onClose={onClose} />;
  return (
    <FormDialog key="asked" title={t("channels.new")} action={t("channels.make")} error={making.error} isBusy={making.isPending} onSubmit={making.mutate} onClose={onClose}>
      <label>
        {t("channels.name")}
        <input name="name" type="text" required maxLength={100} autoFocus autoComplete="off" placeholder="ops" />
      </label>
      <label>
        {t("channels.kind")}
        <select value={kind} onChange={(event) => setKind(event.target.value as ChannelKind)}>
          {CHANNEL_KINDS.map((value) => (
            <option key={value} value={value}>
              {t(`channels.kind.${value}`)}
            </option>
          ))}
        </select>
      </label>
      <AddressField key={kind} kind={kind} isRequired />
    </FormDialog>
  );
}
