import type { Schemas } from "~/api/client";

export type Action = Schemas["Action-Input"];

/** What the audit trail tells of, by the kind of object that it is done to. */
export const ACTIONS = {
  account: ["account.log_in", "account.open", "account.change", "account.limit", "account.set_password", "account.end_login"],
  key: ["key.make", "key.revoke"],
  plugin: ["plugin.register", "plugin.delete", "plugin.hand_over", "plugin.control", "plugin.report"],
  model: ["model.register", "model.hand_over", "model.register_version", "model.delete_version", "model.move_alias", "model.delete_alias", "model.start_rollout", "model.change_rollout", "model.stop_rollout", "model.roll_back", "model.set_gate", "model.delete_gate", "model.evaluate", "model.delete_evaluation"],
  workflow: ["workflow.create", "workflow.change", "workflow.deploy", "workflow.delete", "workflow.start_backfill", "workflow.cancel_backfill"],
  run: ["run.decide", "run.cancel", "run.retry", "run.restart"],
  job: ["job.cancel", "job.retry", "job.replay"],
  file: ["file.delete"],
  secret: ["secret.create", "secret.replace", "secret.delete", "secret.grant", "secret.give", "secret.revoke"],
  cluster: ["cluster.create", "cluster.change", "cluster.trust", "cluster.distrust", "cluster.drain", "cluster.resume", "cluster.delete", "cluster.give"],
  worker: ["worker.drain", "worker.resume"],
  channel: ["channel.create", "channel.change", "channel.delete", "channel.test"],
  signing: ["signing.rotate"],
  rule: ["rule.create", "rule.change", "rule.delete"],
  delivery: ["delivery.redeliver"],
  audit: ["audit.export"],
  incarnation: ["incarnation.finish"],
  route: ["route.request"],
} as const satisfies Record<string, readonly Action[]>;

type Listed = (typeof ACTIONS)[keyof typeof ACTIONS][number];
/** Fails the type check where the API has an action that is not listed. */
export const ALL_ARE_LISTED: Exclude<Action, Listed> extends never ? true : never = true;

export const OBJECTS = Object.keys(ACTIONS) as (keyof typeof ACTIONS)[];
