import { useText } from "~/i18n/text";
import type { ChannelKind } from "./channel-queries";

/** The field `address`: where a channel leads to, which nobody is shown again; a WebSocket has none. */
export function AddressField({ kind, isRequired }: { kind: ChannelKind; isRequired: boolean }) {
  const t = useText();
  if (kind === "websocket") return <p className="muted">{t("channels.websocketAbout")}</p>;
  return (
    <label>
      {t("channels.address")}
      <input name="address" type={kind === "email" ? "email" : "url"} required={isRequired && kind !== "email"} maxLength={2000} placeholder={t(`channels.example.${kind}`)} autoComplete="off" />
      <span className="muted small">{t(`channels.addressAbout.${kind}`)}</span>
    </label>
  );
}
