import type { TextOf } from "~/i18n/text";

/** Returns by what a message is told: a channel, or the webhook that a job has brought along. */
export function receiverText(t: TextOf, channelId: number | null, names: Map<number, string>): string {
  return channelId === null ? t("webhooks.ofJob") : (names.get(channelId) ?? `#${channelId}`);
}
