import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useText } from "~/i18n/text";
import { useToasts } from "~/ui/toasts";
import { changeChannel, CHANNELS, type Channel } from "./channel-queries";

/** Stops telling by a channel, or begins again, which forgets why the platform has stopped. */
export function EnabledSwitch({ channel: { id, is_enabled } }: { channel: Channel }) {
  const t = useText();
  const queries = useQueryClient();
  const { tellError } = useToasts();
  const switching = useMutation({
    mutationFn: () => changeChannel(id, { is_enabled: !is_enabled }),
    onSuccess: () => queries.invalidateQueries({ queryKey: CHANNELS }),
    onError: tellError,
  });
  return (
    <button type="button" className="quiet" disabled={switching.isPending} onClick={() => switching.mutate()}>
      {t(is_enabled ? "channels.disable" : "channels.enable")}
    </button>
  );
}
