import { answerOf, api, type Schemas } from "~/api/client";

/** Makes a workflow without tasks. Throws `Refused`. */
export function createWorkflow(name: string) {
  return answerOf(api.POST("/api/v1/workflows", { body: { name, description: "", is_active: true, settings: { priority: 0 } } }));
}

/** Begins a run. Throws `Refused`. */
export function triggerRun(workflowId: number, body: Schemas["TriggerCreate"]) {
  return answerOf(api.POST("/api/v1/jobs/trigger/{workflow_id}", { params: { path: { workflow_id: workflowId } }, body }));
}

/** Lets a workflow no longer run by itself, or again. Throws `Refused`. */
export function setActive(workflowId: number, isActive: boolean) {
  const params = { path: { workflow_id: workflowId } };
  return answerOf(isActive ? api.POST("/api/v1/workflows/{workflow_id}/resume", { params }) : api.POST("/api/v1/workflows/{workflow_id}/pause", { params }));
}

/** Makes the draft the version that runs from now on. Throws `Refused`, with all faults. */
export function deploy(workflowId: number) {
  return answerOf(api.POST("/api/v1/workflows/{workflow_id}/deploy", { params: { path: { workflow_id: workflowId } } }));
}

/** Deletes a workflow; its runs stay. Throws `Refused`. */
export function deleteWorkflow(workflowId: number) {
  return answerOf(api.DELETE("/api/v1/workflows/{workflow_id}", { params: { path: { workflow_id: workflowId } } }));
}
