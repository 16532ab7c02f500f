import { exactTime } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { useLiveState } from "~/live/live-state";
import styles from "./stale-banner.module.css";

/** Says that nothing new comes, and since when, so that nobody takes what is old for what is so. */
export function StaleBanner() {
  const t = useText();
  const { staleSince } = useLiveState();
  if (staleSince === null) return null;
  return (
    <div className={styles.banner} role="alert">
      {t("live.stale", { since: exactTime(staleSince) })}
    </div>
  );
}
