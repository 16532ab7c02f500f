import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Workflow } from "../workflow-queries";
import { previewQuery, type Tick } from "./schedule-queries";
import type { Schedule } from "./schedule-text";

/** A tick as a calendar shows it. */
export interface Mark {
  at: string;
  /** A fate, a state of the run, or `planned`. */
  fate: string;
  runId: number | null;
}

/** So many ticks to come are shown at most. */
export const PLANNED_MAX = 100;
const NEVER: Schedule = { catchup: "none", overlap: "skip", timezone: "UTC" };

/** Returns the ticks to come since a moment, of a workflow that runs by itself. */
export function usePlanned(workflow: Workflow, since: Date): Mark[] {
  const { schedule } = workflow;
  const [opened] = useState(() => new Date());
  // Of a month that has begun those from now on, which is what nothing said means.
  const after = since > opened ? since.toISOString() : undefined;
  const preview = useQuery({ ...previewQuery(workflow.id, schedule ?? NEVER, { count: PLANNED_MAX, after }), enabled: schedule !== null && workflow.is_active && workflow.deployed_version !== null });
  return preview.data?.ticks.map(({ at }) => ({ at, fate: "planned", runId: null })) ?? [];
}

/** Returns what is shown of a tick that was: the state of its run, or why it has none. */
export function markOf({ scheduled_for, fate, run_id, run_status }: Tick): Mark {
  return { at: scheduled_for, fate: fate === "ran" ? (run_status ?? "ran") : fate, runId: run_id };
}
