import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useText } from "~/i18n/text";
import { Refused } from "~/api/problems";
import { Confirm } from "~/ui/dialog";
import { Loading } from "~/ui/states";
import { useToasts } from "~/ui/toasts";
import { TextDiff } from "~/viewers/text-diff/text-diff";
import { textOfDefinition } from "./document";
import { FaultList } from "./editor/fault-list";
import { definitionQuery } from "./editor/definition-query";
import { deploy } from "./workflow-actions";
import { versionQuery, workflowKeys, type Workflow } from "./workflow-queries";

interface DeployDialogProps {
  workflow: Pick<Workflow, "id" | "name" | "deployed_version">;
  onClose: () => void;
  /** Called with what is wrong, so that the page can show it at its places. */
  onRefused?: (error: Refused) => void;
}

/** Shows how the draft differs from what runs now, and deploys it. */
export default function DeployDialog({ workflow, onClose, onRefused }: DeployDialogProps) {
  const t = useText();
  const queries = useQueryClient();
  const { tell } = useToasts();
  const action = useMutation({
    mutationFn: () => deploy(workflow.id),
    onSuccess: async ({ version, is_new }) => {
      tell(t(is_new ? "workflows.deployedNow" : "workflows.deployedSame", { version }));
      onClose();
      await queries.invalidateQueries({ queryKey: workflowKeys.all });
    },
    onError: (error) => error instanceof Refused && error.violations.length > 0 && onRefused?.(error),
  });
  return (
    <Confirm title={t("workflows.deployTitle", { name: workflow.name })} action={t("workflows.deploy")} isBusy={action.isPending} onConfirm={() => action.mutate()} onClose={onClose}>
      <p className="muted">{workflow.deployed_version === null ? t("workflows.deployFirst") : t("workflows.deployDiff", { version: workflow.deployed_version })}</p>
      <Difference workflow={workflow} />
      {action.error && <FaultList error={action.error} />}
    </Confirm>
  );
}

function Difference({ workflow }: Pick<DeployDialogProps, "workflow">) {
  const t = useText();
  const draft = useQuery({ ...definitionQuery(workflow.id), staleTime: 0 });
  const version = workflow.deployed_version;
  const deployed = useQuery({ ...versionQuery(workflow.id, version ?? 0), enabled: version !== null });
  if (draft.data === undefined || (version !== null && deployed.data === undefined)) return <Loading />;
  const before = deployed.data === undefined ? "" : textOfDefinition(deployed.data);
  return <TextDiff label={t("workflows.difference")} before={before} after={textOfDefinition(draft.data.definition)} />;
}
