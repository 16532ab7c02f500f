import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { useText, type TextOf } from "~/i18n/text";
import { useMayChange } from "~/session/session";
import { useCommands } from "~/ui/commands";
import { Dialog } from "~/ui/dialog";
import { Page } from "~/ui/page";
import { Empty, Shown } from "~/ui/states";
import { Table, type Column } from "~/ui/table";
import { Ago } from "~/ui/time";
import { useToasts } from "~/ui/toasts";
import { scheduleText } from "./schedules/schedule-text";
import { createWorkflow } from "./workflow-actions";
import { workflowKeys, workflowListQuery } from "./workflow-queries";

/** All workflows that one may see. */
export function WorkflowsPage() {
  const t = useText();
  const mayChange = useMayChange();
  const [isMaking, setMaking] = useState(false);
  useCommands(mayChange ? [{ id: "workflows.new", label: t("workflows.new"), shortcut: "n", run: () => setMaking(true) }] : []);
  const make = mayChange && (
    <button type="button" className="primary" onClick={() => setMaking(true)}>
      {t("workflows.new")}
    </button>
  );
  return (
    <Page title={t("workflows.title")} about={t("workflows.about")} actions={make}>
      <section className="card" aria-label={t("workflows.title")}>
        <List />
      </section>
      {isMaking && <NewWorkflow onClose={() => setMaking(false)} />}
    </Page>
  );
}

type Row = { id: number; name: string; description: string; deployed_version: number | null; is_active: boolean; schedule: Parameters<typeof scheduleText>[0]; tasks?: unknown; updated_at: string };

function List() {
  const t = useText();
  const navigate = useNavigate();
  const list = useInfiniteQuery(workflowListQuery);
  const open = ({ id }: Row) => void navigate({ to: "/workflows/$workflowId", params: { workflowId: String(id) } });
  return (
    <Shown query={list}>
      {({ pages }) => {
        const rows: Row[] = pages.flatMap(({ items }) => items);
        if (rows.length === 0) return <NoWorkflows />;
        return (
          <>
            <Table label={t("workflows.title")} columns={columns(t)} rows={rows} keyOf={({ id }) => id} onOpen={open} />
            {list.hasNextPage && (
              <button type="button" className="quiet wide" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
                {t("action.more")}
              </button>
            )}
          </>
        );
      }}
    </Shown>
  );
}

function columns(t: TextOf): Column<Row>[] {
  return [
    { id: "name", title: t("workflows.column.name"), cell: ({ id, name }) => <Link to="/workflows/$workflowId" params={{ workflowId: String(id) }}>{name}</Link> },
    { id: "version", title: t("workflows.column.version"), cell: ({ deployed_version }) => (deployed_version === null ? <span className="muted">{t("workflows.draft")}</span> : t("workflows.version", { version: deployed_version })) },
    { id: "schedule", title: t("workflows.column.schedule"), cell: (row) => <ScheduleCell row={row} /> },
    { id: "description", title: t("workflows.column.description"), isExtra: true, cell: ({ description }) => <span className="muted">{description.slice(0, 80)}</span> },
    { id: "changed", title: t("workflows.column.changed"), isExtra: true, cell: ({ updated_at }) => <Ago time={updated_at} /> },
  ];
}

function ScheduleCell({ row: { schedule, is_active } }: { row: Row }) {
  const t = useText();
  if (schedule === null) return <span className="muted">{t("workflows.byHand")}</span>;
  return (
    <>
      <code>{scheduleText(schedule, t)}</code> {!is_active && <span className="tag" data-tone="warn">{t("workflows.paused")}</span>}
    </>
  );
}

function NoWorkflows() {
  const t = useText();
  return (
    <Empty title={t("workflows.none")}>
      {t("workflows.noneHelp")} <code>satellite workflow init lines</code>
    </Empty>
  );
}

function NewWorkflow({ onClose }: { onClose: () => void }) {
  const t = useText();
  const [name, setName] = useState("");
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { tellError } = useToasts();
  const making = useMutation({
    mutationFn: createWorkflow,
    onSuccess: ({ id }) => {
      void queries.invalidateQueries({ queryKey: workflowKeys.list });
      void navigate({ to: "/workflows/$workflowId/edit", params: { workflowId: String(id) } });
    },
    onError: tellError,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() !== "") making.mutate(name.trim());
  };
  return (
    <Dialog title={t("workflows.new")} onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <label>
          {t("workflows.column.name")}
          <input type="text" required maxLength={200} autoFocus value={name} onChange={(event) => setName(event.target.value)} />
        </label>
        <div className="row">
          <button type="submit" className="primary" disabled={making.isPending}>
            {t("workflows.make")}
          </button>
          <button type="button" className="quiet" onClick={onClose}>
            {t("action.close")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
