import { useText } from "~/i18n/text";
import type { Delivery } from "./delivery-queries";

const TONES: Record<Delivery["status"], string> = { pending: "warn", delivered: "good", failed: "bad" };

/** How far a delivery is. */
export function DeliveryStatus({ status }: { status: Delivery["status"] }) {
  const t = useText();
  return (
    <span className="tag" data-tone={TONES[status]}>
      {t(`deliveries.status.${status}`)}
    </span>
  );
}
