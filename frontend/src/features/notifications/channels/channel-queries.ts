import { queryOptions } from "@tanstack/react-query";
import { answerOf, api, type Schemas } from "~/api/client";

export type Channel = Schemas["ChannelRead"];
export type ChannelKind = Schemas["ChannelKind"];
export type SigningSecret = Schemas["SigningSecretRead"];

export const CHANNEL_KINDS = ["webhook", "slack", "teams", "email", "websocket"] as const satisfies readonly ChannelKind[];

/** The key of all that is known of channels. */
export const CHANNELS = ["notifications", "channels"] as const;

/** More than an account may have. */
const LIMIT = 200;

/** All of one's channels, by name. */
export const channelsQuery = queryOptions({
  queryKey: CHANNELS,
  queryFn: async () => (await answerOf(api.GET("/api/v1/notification-channels", { params: { query: { limit: LIMIT } } }))).items,
});

/** Makes a channel; what signs the messages of a webhook is in this answer only. Throws `Refused`. */
export function makeChannel(channel: Schemas["ChannelCreate"]): Promise<Schemas["ChannelCreated"]> {
  return answerOf(api.POST("/api/v1/notification-channels", { body: channel }));
}

/** Changes a channel. Throws `Refused`. */
export function changeChannel(id: number, change: Schemas["ChannelChange"]): Promise<Channel> {
  return answerOf(api.PATCH("/api/v1/notification-channels/{channel_id}", { ...of(id), body: change }));
}

/** Deletes a channel with its deliveries. Throws `Refused`. */
export async function deleteChannel(id: number): Promise<void> {
  await answerOf(api.DELETE("/api/v1/notification-channels/{channel_id}", of(id)));
}

/** Sends a message that says it is a test; its delivery tells what the receiver says. Throws `Refused`. */
export function testChannel(id: number): Promise<Schemas["DeliveryRead"]> {
  return answerOf(api.POST("/api/v1/notification-channels/{channel_id}/test", of(id)));
}

/** Makes another secret that signs the messages of a webhook, or without one those of one's jobs. Throws `Refused`. */
export function rotateSecret(id: number | null): Promise<SigningSecret> {
  if (id === null) return answerOf(api.POST("/api/v1/webhook-secret"));
  return answerOf(api.POST("/api/v1/notification-channels/{channel_id}/rotate-secret", of(id)));
}

function of(id: number) {
  return { params: { path: { channel_id: id } } };
}
