import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { useText } from "~/i18n/text";
import { useMayChange } from "~/session/session";
import { useCommands } from "~/ui/commands";
import { Page } from "~/ui/page";
import { Loading, Shown } from "~/ui/states";
import { useToasts } from "~/ui/toasts";
import { Backfills } from "./backfills/backfills";
import { WORKFLOW_TABS, workflowRoute } from "./feature";
import { RunList } from "./runs/run-list";
import { Calendar } from "./schedules/calendar";
import { ScheduleForm } from "./schedules/schedule-form";
import { Tabs } from "./tabs";
import { TriggerDialog } from "./trigger-dialog";
import { setActive } from "./workflow-actions";
import { workflowKeys, workflowQuery, type Workflow } from "./workflow-queries";

// They show definitions as text, whose library is larger than the rest of the page.
const DeployDialog = lazy(() => import("./deploy-dialog"));
const Versions = lazy(() => import("./versions"));

/** A workflow: its runs, when it runs by itself, and what was deployed. */
export function WorkflowPage() {
  const { workflowId } = workflowRoute.useParams();
  const workflow = useQuery(workflowQuery(Number(workflowId)));
  return <Shown query={workflow}>{(data) => <Content workflow={data} />}</Shown>;
}

function Content({ workflow }: { workflow: Workflow }) {
  const t = useText();
  const { tab = "runs" } = workflowRoute.useSearch();
  const navigate = useNavigate();
  const choose = (next: (typeof WORKFLOW_TABS)[number]) => void navigate({ to: "/workflows/$workflowId", params: { workflowId: String(workflow.id) }, search: { tab: next } });
  return (
    <Page title={workflow.name} about={workflow.description} actions={<Actions workflow={workflow} />}>
      <div className="row">
        <Tabs tabs={WORKFLOW_TABS} chosen={tab} onChoose={choose} />
        <span className="muted small">{workflow.deployed_version === null ? t("workflows.neverDeployed") : t("workflows.deployed", { version: workflow.deployed_version })}</span>
      </div>
      <Suspense fallback={<Loading />}>
        <Part workflow={workflow} tab={tab} />
      </Suspense>
    </Page>
  );
}

function Part({ workflow, tab }: { workflow: Workflow; tab: (typeof WORKFLOW_TABS)[number] }) {
  if (tab === "schedule") return <ScheduleForm key={workflow.revision} workflow={workflow} />;
  if (tab === "calendar") return <Calendar workflow={workflow} />;
  if (tab === "backfills") return <Backfills workflow={workflow} />;
  if (tab === "versions") return <Versions workflow={workflow} />;
  return <RunList workflowId={workflow.id} />;
}

function Actions({ workflow }: { workflow: Workflow }) {
  const t = useText();
  const mayChange = useMayChange();
  const navigate = useNavigate();
  const [dialog, setDialog] = useState<"run" | "deploy" | null>(null);
  const close = () => setDialog(null);
  const isDeployed = workflow.deployed_version !== null;
  const edit = () => void navigate({ to: "/workflows/$workflowId/edit", params: { workflowId: String(workflow.id) } });
  useCommands([
    { id: "workflows.edit", label: t("workflows.edit"), shortcut: "e", run: edit },
    ...(mayChange && isDeployed ? [{ id: "workflows.run", label: t("workflows.run"), run: () => setDialog("run") }] : []),
    ...(mayChange ? [{ id: "workflows.deploy", label: t("workflows.deploy"), run: () => setDialog("deploy") }] : []),
  ]);
  return (
    <>
      <Link className="button" to="/workflows/$workflowId/edit" params={{ workflowId: String(workflow.id) }}>
        {t("workflows.edit")}
      </Link>
      {mayChange && workflow.schedule !== null && <PauseButton workflow={workflow} />}
      {mayChange && (
        <button type="button" onClick={() => setDialog("deploy")}>
          {t("workflows.deploy")}
        </button>
      )}
      {mayChange && (
        <button type="button" className="primary" disabled={!isDeployed} title={isDeployed ? undefined : t("workflows.neverDeployed")} onClick={() => setDialog("run")}>
          {t("workflows.run")}
        </button>
      )}
      {dialog === "run" && <TriggerDialog workflow={workflow} onClose={close} />}
      {dialog === "deploy" && (
        <Suspense>
          <DeployDialog workflow={workflow} onClose={close} />
        </Suspense>
      )}
    </>
  );
}

function PauseButton({ workflow }: { workflow: Workflow }) {
  const t = useText();
  const queries = useQueryClient();
  const { tell, tellError } = useToasts();
  const change = useMutation({
    mutationFn: () => setActive(workflow.id, !workflow.is_active),
    onSuccess: ({ is_active }) => {
      tell(t(is_active ? "workflows.resumed" : "workflows.isPaused"));
      return queries.invalidateQueries({ queryKey: workflowKeys.all });
    },
    onError: tellError,
  });
  return (
    <button type="button" disabled={change.isPending} onClick={() => change.mutate()}>
      {t(workflow.is_active ? "workflows.pause" : "workflows.resume")}
    </button>
  );
}
