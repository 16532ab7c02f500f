import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { pluginNamesQuery } from "~/api/plugin-names";
import { useText } from "~/i18n/text";
import { useIsAdmin } from "~/session/session";
import { FormDialog } from "~/ui/form-dialog";
import type { Channel } from "../channels/channel-queries";
import { KINDS, SUBJECTS, type Kind } from "../kinds";
import { Choices } from "./choices";
import { contentOf, putRule, RULES, workflowNamesQuery, type Rule, type RuleContent } from "./rule-queries";

const NOTHING: RuleContent = { name: "", kinds: ["job_failed", "run_failed"], channel_ids: [], plugin_name: null, workflow_id: null, min_priority: null, of_everybody: false, is_enabled: true };

interface RuleDialogProps {
  /** Null: a new one. */
  rule: Rule | null;
  channels: Channel[];
  onClose: () => void;
}

/** Asks of what one wants to be told, and by which channels. */
export function RuleDialog({ rule, channels, onClose }: RuleDialogProps) {
  const t = useText();
  const isAdmin = useIsAdmin();
  const [content, setContent] = useState<RuleContent>(() => (rule === null ? { ...NOTHING, channel_ids: channels.slice(0, 1).map(({ id }) => id) } : contentOf(rule)));
  const change = (part: Partial<RuleContent>) => setContent((before) => ({ ...before, ...part }));
  const queries = useQueryClient();
  const putting = useMutation({
    mutationFn: () => putRule(rule?.id ?? null, content),
    onSuccess: () => {
      onClose();
      return queries.invalidateQueries({ queryKey: RULES });
    },
  });
  const isIncomplete = content.kinds.length === 0 || content.channel_ids.length === 0;
  return (
    <FormDialog title={rule === null ? t("rules.new") : t("rules.changeTitle", { name: rule.name })} action={t("action.save")} error={putting.error} isBusy={putting.isPending || isIncomplete} onSubmit={() => putting.mutate()} onClose={onClose}>
      <label>
        {t("rules.name")}
        <input type="text" required maxLength={100} autoFocus autoComplete="off" value={content.name} onChange={(event) => change({ name: event.target.value })} />
      </label>
      {SUBJECTS.filter((subject) => isAdmin || subject !== "platform").map((subject) => (
        <Choices key={subject} title={t(`rules.about.${subject}`)} chosen={content.kinds} values={KINDS[subject].map((value: Kind) => ({ value, text: t(`notifications.kind.${value}`) }))} onChoose={(kinds) => change({ kinds })} />
      ))}
      <Choices title={t("rules.channels")} chosen={content.channel_ids} values={channels.map(({ id, name }) => ({ value: id, text: name }))} onChoose={(channel_ids) => change({ channel_ids })} />
      <Narrowing content={content} onChange={change} />
      {isAdmin && (
        <label>
          <input type="checkbox" checked={content.of_everybody} onChange={(event) => change({ of_everybody: event.target.checked })} /> {t("rules.ofEverybody")}
        </label>
      )}
    </FormDialog>
  );
}

const PRIORITIES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

function Narrowing({ content, onChange }: { content: RuleContent; onChange: (part: Partial<RuleContent>) => void }) {
  const t = useText();
  const plugins = useQuery(pluginNamesQuery).data ?? [];
  const workflows = useQuery(workflowNamesQuery).data ?? [];
  const known = new Set([...plugins, ...(content.plugin_name ? [content.plugin_name] : [])]);
  return (
    <>
      <label>
        {t("rules.plugin")}
        <select value={content.plugin_name ?? ""} onChange={(event) => onChange({ plugin_name: event.target.value || null })}>
          <option value="">{t("rules.any")}</option>
          {[...known].map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label>
        {t("rules.workflow")}
        <select value={content.workflow_id ?? ""} onChange={(event) => onChange({ workflow_id: Number(event.target.value) || null })}>
          <option value="">{t("rules.any")}</option>
          {workflows.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
          {content.workflow_id != null && !workflows.some(({ id }) => id === content.workflow_id) && <option value={content.workflow_id}>{`#${content.workflow_id}`}</option>}
        </select>
      </label>
      <label>
        {t("rules.priority")}
        <select value={content.min_priority ?? ""} onChange={(event) => onChange({ min_priority: event.target.value === "" ? null : Number(event.target.value) })}>
          <option value="">{t("rules.any")}</option>
          {PRIORITIES.map((priority) => (
            <option key={priority}>{priority}</option>
          ))}
        </select>
      </label>
    </>
  );
}
