import { answerOf, api, type Schemas } from "~/api/client";

/** Cancels a run and all its steps. Throws `Refused`. */
export function cancelRun(id: number) {
  return answerOf(api.POST("/api/v1/jobs/{job_id}/cancel", { params: { path: { job_id: id } } }));
}

/** Runs what has failed, and what waited for it, again in the same run. Throws `Refused`. */
export function retryRun(id: number) {
  return answerOf(api.POST("/api/v1/jobs/{job_id}/retry", { params: { path: { job_id: id } } }));
}

/** Begins a new run that takes over what still holds; with `dry_run` only says what that is. Throws `Refused`. */
export function restartRun(id: number, body: Schemas["RestartCreate"]) {
  return answerOf(api.POST("/api/v1/runs/{run_id}/restart", { params: { path: { run_id: id } }, body }));
}

/** Decides what a task has asked for. Throws `Refused`. */
export function decide(id: number, task: string, body: Schemas["ApprovalCreate"]) {
  return answerOf(api.POST("/api/v1/runs/{run_id}/approvals/{task_name}", { params: { path: { run_id: id, task_name: task } }, body }));
}
