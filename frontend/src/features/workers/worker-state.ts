import type { Worker } from "./worker-queries";

export const TONES = { ready: "good", draining: "warn", drained: "warn", deaf: "bad", away: "bad" } as const;

/** Returns whether a worker takes jobs, or else why not; that of a cluster is `away` while the cluster is not ready. */
export function stateOf({ draining, drained, consumer_ok, cluster }: Worker): keyof typeof TONES {
  if (draining) return "draining";
  if (drained) return "drained";
  if (!consumer_ok) return "deaf";
  return cluster && cluster.state !== "ready" ? "away" : "ready";
}

/** Tells whether a worker is meant by what was typed: a part of its name, host or labels, or a job that it runs. */
export function isFound(worker: Worker, typed: string): boolean {
  const wanted = typed.trim().toLowerCase();
  const labels = Object.entries(worker.labels).map(([key, value]) => `${key}=${value}`);
  const isNamed = [worker.name, worker.host, ...labels].some((text) => text.toLowerCase().includes(wanted));
  return isNamed || worker.running.some(([id]) => `#${id}` === wanted);
}
