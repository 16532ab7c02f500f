import { useText } from "~/i18n/text";
import type { Schedule } from "./schedule-text";

const CATCHUPS = ["none", "latest", "all"] as const;
const OVERLAPS = ["queue_one", "queue_all", "skip", "replace", "allow"] as const;
const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone")];

/** In which zone a schedule counts, and what becomes of ticks that meet a run or a downtime. */
export function ScheduleRules({ draft, onChange }: { draft: Schedule; onChange: (part: Partial<Schedule>) => void }) {
  const t = useText();
  return (
    <>
      <label>
        {t("schedule.timezone")}
        <input type="text" list="zones" value={draft.timezone ?? "UTC"} onChange={(event) => onChange({ timezone: event.target.value })} />
        <datalist id="zones">
          {ZONES.map((zone) => (
            <option key={zone} value={zone}>
              {zone}
            </option>
          ))}
        </datalist>
      </label>
      <label>
        {t("schedule.overlap")}
        <select value={draft.overlap ?? "queue_one"} onChange={(event) => onChange({ overlap: event.target.value as Schedule["overlap"] })}>
          {OVERLAPS.map((value) => (
            <option key={value} value={value}>
              {t(`schedule.overlap.${value}`)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t("schedule.catchup")}
        <select value={draft.catchup ?? "latest"} onChange={(event) => onChange({ catchup: event.target.value as Schedule["catchup"] })}>
          {CATCHUPS.map((value) => (
            <option key={value} value={value}>
              {t(`schedule.catchup.${value}`)}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}
