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

interface Answer {
  total: number;
  items: Worker[];
  /** Names, also of such as give no sign of life. */
  drained: string[];
  flower_url: string | null;
}

/** The live workers, by name, and the drained ones that are away. */
export const workersQuery = queryOptions({
  queryKey: ["workers", "list"],
  queryFn: async () => (await answerOf(api.GET("/api/v1/workers"))) as Answer,
  select: ({ items, drained, flower_url }) => ({
    // What admins have said counts: a worker hears it, and tells of it, within seconds.
    items: items.map((worker) => ({ ...worker, drained: drained.includes(worker.name) })),
    drainedAway: drained.filter((name) => !items.some((worker) => worker.name === name)),
    flower_url,
  }),
  refetchInterval: BEAT_MS,
});
