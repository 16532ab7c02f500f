import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useText } from "~/i18n/text";
import { Dialog } from "~/ui/dialog";
import { Empty, Loading, Shown } from "~/ui/states";
import { Table } from "~/ui/table";
import { Ago } from "~/ui/time";
import { TextDiff } from "~/viewers/text-diff/text-diff";
import { textOfDefinition } from "./document";
import { versionQuery, versionsQuery, type Workflow } from "./workflow-queries";

/** All that was deployed of a workflow, and how each version differs from the one before it. */
export default function Versions({ workflow }: { workflow: Workflow }) {
  const t = useText();
  const versions = useQuery(versionsQuery(workflow.id));
  const [shown, setShown] = useState<number | null>(null);
  return (
    <section className="card" aria-label={t("workflows.tab.versions")}>
      <Shown query={versions}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t("workflows.neverDeployed")}>{t("workflows.deployHelp")}</Empty>
          ) : (
            <Table
              label={t("workflows.tab.versions")} rows={items} keyOf={({ version }) => version}
              columns={[
                { id: "version", title: t("workflows.column.version"), cell: ({ version }) => t("workflows.version", { version }) },
                { id: "tasks", title: t("workflows.column.tasks"), cell: ({ tasks }) => tasks },
                { id: "deployed", title: t("workflows.column.deployed"), cell: ({ deployed_at }) => <Ago time={deployed_at} /> },
                { id: "digest", title: t("workflows.column.digest"), isExtra: true, cell: ({ digest }) => <code>{digest.slice(0, 12)}</code> },
                { id: "diff", title: "", cell: ({ version }) => <button type="button" className="quiet" onClick={() => setShown(version)}>{t("workflows.whatChanged")}</button> },
              ]}
            />
          )
        }
      </Shown>
      {shown !== null && <Changed workflowId={workflow.id} version={shown} onClose={() => setShown(null)} />}
    </section>
  );
}

function Changed({ workflowId, version, onClose }: { workflowId: number; version: number; onClose: () => void }) {
  const t = useText();
  const after = useQuery(versionQuery(workflowId, version));
  const before = useQuery({ ...versionQuery(workflowId, version - 1), enabled: version > 1 });
  const isThere = after.data !== undefined && (version === 1 || before.data !== undefined);
  return (
    <Dialog title={t("workflows.version", { version })} onClose={onClose}>
      {isThere ? <TextDiff label={t("workflows.difference")} before={before.data === undefined ? "" : textOfDefinition(before.data)} after={textOfDefinition(after.data)} /> : <Loading />}
      <button type="button" className="quiet" onClick={onClose}>
        {t("action.close")}
      </button>
    </Dialog>
  );
}
