import type { Schemas } from "~/api/client";
import type { TextOf } from "~/i18n/text";

export type Schedule = Schemas["Schedule"];

/** Returns when something runs by itself, in short: its expression, or every how much. */
export function scheduleText(schedule: Schedule | null, t: TextOf): string {
  if (schedule === null) return t("workflows.byHand");
  const rhythm = schedule.cron ?? t("workflows.every", { seconds: schedule.every_s ?? 0 });
  const zone = schedule.timezone ?? "UTC";
  return zone === "UTC" ? rhythm : `${rhythm} · ${zone}`;
}
