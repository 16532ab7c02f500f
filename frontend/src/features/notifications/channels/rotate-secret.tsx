import { useMutation } from "@tanstack/react-query";
import { exactTime } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { Confirm } from "~/ui/dialog";
import { Fault } from "~/ui/fault";
import { ShownOnce } from "~/ui/shown-once";
import { rotateSecret, type Channel } from "./channel-queries";

/** Asks before another secret signs the messages of a webhook, or without one those of one's jobs; shows it this once. */
export function RotateSecret({ channel, onClose }: { channel: Channel | null; onClose: () => void }) {
  const t = useText();
  const rotating = useMutation({ mutationFn: () => rotateSecret(channel?.id ?? null) });
  const name = channel?.name ?? t("webhooks.title");
  if (rotating.data) {
    const { signing_secret, previous_until } = rotating.data;
    const about = previous_until === null ? t("channels.secretAbout") : t("channels.secretBoth", { until: exactTime(new Date(previous_until)) });
    return <ShownOnce key="made" title={t("channels.secretOf", { name })} text={signing_secret} about={about} onClose={onClose} />;
  }
  return (
    <Confirm key="asked" title={t("channels.rotateTitle", { name })} action={t("channels.rotate")} isBusy={rotating.isPending} onConfirm={() => rotating.mutate()} onClose={onClose}>
      <p>{t("channels.rotateAbout")}</p>
      <Fault error={rotating.error} />
    </Confirm>
  );
}
