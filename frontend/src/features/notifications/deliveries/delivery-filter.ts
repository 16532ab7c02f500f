import { choiceOf, numberOf } from "~/routing/search";
import { ALL_KINDS, type Kind } from "../kinds";

export const DELIVERY_STATUSES = ["pending", "delivered", "failed"] as const;

/** Which deliveries are listed; all of it stands in the address. */
export interface DeliveryFilter {
  status?: (typeof DELIVERY_STATUSES)[number];
  kind?: Kind;
  channel?: number;
  /** The number of a job or run. */
  job?: number;
}

/** Reads a filter from an address, leaving out what is none. */
export function readDeliveryFilter(search: Record<string, unknown>): DeliveryFilter {
  return {
    status: choiceOf(search, "status", DELIVERY_STATUSES),
    kind: choiceOf(search, "kind", ALL_KINDS),
    channel: numberOf(search, "channel") || undefined,
    job: numberOf(search, "job") || undefined,
  };
}
