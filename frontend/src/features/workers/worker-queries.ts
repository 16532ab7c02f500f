import { queryOptions } from "@tanstack/react-query";
import { answerOf, api, type Schemas } from "~/api/client";

type Told = Required<Schemas["WorkerHeartbeat"]>;

/** A sign of life; the API leaves nothing of it out. */
export type Worker = Omit<Told, "running" | "loaded" | "spares"> & {
  /** Job and attempt. */
  running: [number, number][];
  loaded: Required<Schemas["LoadedPlugin"]>[];
  spares: Required<Schemas["SparePlugin"]>[];
};

/** Workers give a sign of life as often. */
export const BEAT_MS = 5_000;

/** The live workers, by name. */
export const workersQuery = queryOptions({
  queryKey: ["workers", "list"],
  queryFn: async () => (await answerOf(api.GET("/api/v1/workers"))) as { total: number; items: Worker[]; flower_url: string | null },
  refetchInterval: BEAT_MS,
});
