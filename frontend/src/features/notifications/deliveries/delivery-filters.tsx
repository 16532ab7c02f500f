import { useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { useText } from "~/i18n/text";
import { applyChoice } from "~/ui/apply-choice";
import type { Channel } from "../channels/channel-queries";
import { ALL_KINDS } from "../kinds";
import styles from "../notifications.module.css";
import { DELIVERY_STATUSES, readDeliveryFilter, type DeliveryFilter } from "./delivery-filter";

/** What narrows the list of deliveries. A choice holds at once, a number by Enter. */
export function DeliveryFilters({ filter, channels }: { filter: DeliveryFilter; channels: Channel[] }) {
  const t = useText();
  const navigate = useNavigate();
  const apply = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const stated = Object.fromEntries(new FormData(event.currentTarget));
    void navigate({ to: "/notifications", search: { tab: "deliveries", ...readDeliveryFilter(stated) } });
  };
  const any = <option value="">{t("deliveries.any")}</option>;
  return (
    <form role="search" className={styles.filters} aria-label={t("deliveries.filter")} onSubmit={apply} onChange={applyChoice}>
      <label>
        {t("deliveries.status")}
        <select name="status" defaultValue={filter.status ?? ""}>
          {any}
          {DELIVERY_STATUSES.map((value) => (
            <option key={value} value={value}>
              {t(`deliveries.status.${value}`)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t("deliveries.what")}
        <select name="kind" defaultValue={filter.kind ?? ""}>
          {any}
          {ALL_KINDS.map((value) => (
            <option key={value} value={value}>
              {t(`notifications.kind.${value}`)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t("deliveries.by")}
        <select name="channel" defaultValue={filter.channel ?? ""}>
          {any}
          {channels.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t("deliveries.job")}
        <input name="job" type="number" min={1} defaultValue={filter.job} />
      </label>
    </form>
  );
}
