import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState, type FormEvent } from "react";
import { storeFile } from "~/api/files";
import { Refused, problemText } from "~/api/problems";
import type { Schemas } from "~/api/client";
import { useText } from "~/i18n/text";
import { CopyButton } from "~/ui/copy-button";
import { Segments } from "~/ui/segments";
import { useToasts } from "~/ui/toasts";
import { exampleOf } from "~/viewers/json-form/example";
import { JsonForm } from "~/viewers/json-form/json-form";
import { validatorOf, type Faults } from "~/viewers/json-form/validation";
import { asCurl } from "./copy-as";
import type { Job } from "./job-queries";
import styles from "./job-page.module.css";
import { submitJob } from "./submission";

type Mode = "form" | "json";

interface SubmitFormProps {
  plugins: Schemas["PluginRead"][];
  plugin: Schemas["PluginRead"];
  /** A job whose input and priority are taken to start from. */
  template?: Job;
}

/** The input of a new job, as a form or as JSON: both are the same text all the time. */
export function SubmitForm({ plugins, plugin, template }: SubmitFormProps) {
  const t = useText();
  const navigate = useNavigate();
  const [mode, setMode] = useState<Mode>("form");
  const [priority, setPriority] = useState(template?.priority ?? 0);
  const [text, setText] = useState(() => JSON.stringify(template?.input_data ?? exampleOf(plugin.input_schema), null, 2));
  const check = useMemo(() => validatorOf(plugin.input_schema), [plugin]);
  const value = useMemo(() => parsed(text), [text]);
  const submit = useSubmit();
  const faults = useMemo(() => (value.isJson ? check(value.value, t) : new Map<string, string>()), [check, value, t]);
  const shown = useMemo(() => new Map([...refusedPlaces(submit.error), ...faults]), [submit.error, faults]);
  const send = (event: FormEvent) => {
    event.preventDefault();
    submit.mutate({ plugin: plugin.name, input: text, priority });
  };
  const choices = [{ value: "form" as const, text: t("jobs.asForm") }, { value: "json" as const, text: t("jobs.asJson") }];
  return (
    <form className={`card ${styles.form}`} onSubmit={send} noValidate>
      <div className={styles.options}>
        <label>
          {t("jobs.column.plugin")}
          <select value={plugin.name} onChange={(event) => void navigate({ to: "/submit", search: { plugin: event.target.value } })}>
            {plugins.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          {t("jobs.priorityRange")}
          <input type="number" min={0} max={9} value={priority} onChange={(event) => setPriority(Number(event.target.value))} />
        </label>
        <Segments label={t("jobs.editAs")} choices={choices} chosen={mode} onChoose={(next) => (value.isJson || next === "json") && setMode(next)} />
      </div>
      {plugin.description && <p className="muted">{`${plugin.version} · ${plugin.description}`}</p>}
      {mode === "form" && value.isJson ? (
        <JsonForm schema={plugin.input_schema} value={value.value} faults={shown} onUpload={storeFile} onChange={(next) => setText(JSON.stringify(next ?? {}, null, 2))} />
      ) : (
        <label>
          {t("jobs.inputJson")}
          <textarea rows={16} spellCheck={false} value={text} aria-invalid={!value.isJson || shown.size > 0} onChange={(event) => setText(event.target.value)} />
        </label>
      )}
      <Wrong isJson={value.isJson} faults={shown} error={submit.error} isListed={mode === "json"} />
      <div className={styles.head}>
        <button type="submit" className="primary" disabled={submit.isPending || !value.isJson}>
          {t("jobs.submitNow")}
        </button>
        <CopyButton label="curl" text={() => asCurl({ plugin_name: plugin.name, input_data: value.value, priority })} />
        <details className="grow">
          <summary>{t("jobs.inputSchema")}</summary>
          <pre tabIndex={0}>{JSON.stringify(plugin.input_schema, null, 2)}</pre>
        </details>
      </div>
    </form>
  );
}

interface WrongProps {
  isJson: boolean;
  faults: Faults;
  error: unknown;
  /** The faults are not shown at their places. */
  isListed: boolean;
}

function Wrong({ isJson, faults, error, isListed }: WrongProps) {
  const t = useText();
  const listed = isListed ? [...faults] : [];
  return (
    <div role="alert">
      {!isJson && <p className="error-text">{t("form.fault.json")}</p>}
      {error !== null && <p className="error-text">{problemText(error)}</p>}
      {listed.length > 0 && (
        <ul className="error-text">
          {listed.map(([pointer, text]) => (
            <li key={pointer}>
              <code>{pointer || "/"}</code> {text}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function useSubmit() {
  const t = useText();
  const navigate = useNavigate();
  const { tell } = useToasts();
  return useMutation({
    mutationFn: submitJob,
    onSuccess: (job) => {
      tell(t("jobs.submitted", { id: job.id }));
      void navigate({ to: "/jobs/$jobId", params: { jobId: String(job.id) } });
    },
  });
}

/** What the API refused, at its places in the input. */
function refusedPlaces(error: unknown): [string, string][] {
  if (!(error instanceof Refused)) return [];
  return error.violations.map(({ pointer, message }) => [pointer.replace(/^\/input_data/, ""), message]);
}

function parsed(text: string): { isJson: boolean; value: unknown } {
  try {
    return { isJson: true, value: JSON.parse(text) };
  } catch {
    return { isJson: false, value: undefined };
  }
}
