import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { answerOf, api, type Schemas } from "~/api/client";
import type { DeliveryFilter } from "./delivery-filter";

export type Delivery = Schemas["DeliveryRead"];
export type Answer = Schemas["AnswerRead"];

/** The key of all that is known of deliveries. */
export const DELIVERIES = ["notifications", "deliveries"] as const;

/** While something is on its way it is asked for again and again: no frame tells of it. */
const AGAIN_MS = 1_500;
const AGAIN_LISTED_MS = 5_000;

/** The deliveries that a filter lets through, newest first. */
export function deliveryListQuery({ status, kind, channel, job }: DeliveryFilter) {
  return infiniteQueryOptions({
    queryKey: [...DELIVERIES, "list", status, kind, channel, job],
    queryFn: ({ pageParam }) => answerOf(api.GET("/api/v1/notification-deliveries", { params: { query: { status, kind, channel_id: channel, job_id: job, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
    refetchInterval: AGAIN_LISTED_MS,
  });
}

/** A delivery with what it says. */
export function deliveryQuery(id: number) {
  return queryOptions({
    queryKey: [...DELIVERIES, "one", id],
    queryFn: () => answerOf(api.GET("/api/v1/notification-deliveries/{delivery_id}", { params: { path: { delivery_id: id } } })),
    refetchInterval: ({ state }) => state.data?.status !== "delivered" && state.data?.status !== "failed" && AGAIN_MS,
  });
}

/** Sends a delivery that has ended once more, under the same id. Throws `Refused`. */
export function redeliver(id: number): Promise<Delivery> {
  return answerOf(api.POST("/api/v1/notification-deliveries/{delivery_id}/redeliver", { params: { path: { delivery_id: id } } }));
}
