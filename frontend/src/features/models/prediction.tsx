import { useMutation } from "@tanstack/react-query";
import { useMemo, useState, type FormEvent } from "react";
import { storeFile } from "~/api/files";
import { problemText, Refused } from "~/api/problems";
import { useText } from "~/i18n/text";
import { Segments } from "~/ui/segments";
import { exampleOf } from "~/viewers/json-form/example";
import { JsonForm } from "~/viewers/json-form/json-form";
import { validatorOf } from "~/viewers/json-form/validation";
import { Answer } from "./answer";
import { predict } from "./model-actions";
import type { Model } from "./model-queries";
import styles from "./models.module.css";

/** A question to the model by the durable lane: a job, whose answer is seen here. */
export function Prediction({ model }: { model: Model }) {
  const t = useText();
  const schema = model.signature.input;
  const [asked, setAsked] = useState(model.name);
  const [mode, setMode] = useState<"form" | "json">("form");
  const [text, setText] = useState(() => JSON.stringify(exampleOf(schema), null, 2));
  const value = useMemo(() => parsed(text), [text]);
  const check = useMemo(() => validatorOf(schema), [schema]);
  const faults = useMemo(() => (value.isJson ? check(value.value, t) : new Map<string, string>()), [check, value, t]);
  const question = useMutation({ mutationFn: () => predict(asked, text) });
  const send = (event: FormEvent) => {
    event.preventDefault();
    question.mutate();
  };
  const choices = [{ value: "form" as const, text: t("models.asForm") }, { value: "json" as const, text: t("models.asJson") }];
  return (
    <>
      <form className={`card padded ${styles.part}`} onSubmit={send} noValidate>
        <div className={styles.options}>
          <label>
            {t("models.asked")}
            <select value={asked} onChange={(event) => setAsked(event.target.value)}>
              {namesOf(model).map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
          <Segments label={t("models.editAs")} choices={choices} chosen={mode} onChoose={(next) => (value.isJson || next === "json") && setMode(next)} />
        </div>
        {mode === "form" && value.isJson ? (
          <JsonForm schema={schema} value={value.value} faults={faults} onUpload={storeFile} onChange={(next) => setText(JSON.stringify(next ?? null, null, 2))} />
        ) : (
          <label>
            {t("models.dataJson")}
            <textarea rows={10} spellCheck={false} value={text} aria-invalid={!value.isJson || faults.size > 0} onChange={(event) => setText(event.target.value)} />
          </label>
        )}
        {question.error && <Refusal error={question.error} />}
        <div className="row">
          <button type="submit" className="primary" disabled={question.isPending || !value.isJson}>
            {t("models.ask")}
          </button>
          <span className="muted small">{t("models.askHelp")}</span>
        </div>
      </form>
      {question.data && <Answer key={question.data.job_id} question={question.data} />}
    </>
  );
}

function Refusal({ error }: { error: unknown }) {
  const violations = error instanceof Refused ? error.violations : [];
  return (
    <div role="alert" className="error-text">
      <p>{problemText(error)}</p>
      {violations.map(({ pointer, message }) => (
        <p key={`${pointer} ${message}`}>
          <code>{pointer || "/"}</code> {message}
        </p>
      ))}
    </div>
  );
}

/** By what a model can be asked: its name alone, its aliases, and its newest version. */
function namesOf({ name, aliases, latest_version }: Model): string[] {
  const newest = latest_version === null ? [] : [`${name}@${latest_version}`];
  return [...new Set([name, ...Object.keys(aliases).map((alias) => `${name}@${alias}`), ...Object.values(aliases).map((version) => `${name}@${version}`), ...newest])];
}

function parsed(text: string): { isJson: boolean; value: unknown } {
  try {
    return { isJson: true, value: JSON.parse(text) };
  } catch {
    return { isJson: false, value: undefined };
  }
}
