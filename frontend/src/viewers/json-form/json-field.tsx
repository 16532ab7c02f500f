import { useState } from "react";
import { useText } from "~/i18n/text";
import type { FieldProps } from "./form-context";
import { Labelled } from "./labelled";

/** Any value, as JSON. Text that is none yet is kept, and told to be wrong. */
export function JsonField(props: FieldProps) {
  const t = useText();
  const { value, onChange } = props;
  const [draft, setDraft] = useState<string | null>(null);
  const text = draft ?? (value === undefined ? "" : JSON.stringify(value, null, 2));
  const change = (typed: string) => {
    setDraft(typed);
    if (typed.trim() === "") onChange(undefined);
    else if (isJson(typed)) onChange(JSON.parse(typed));
  };
  return (
    <Labelled props={props}>
      {(ids) => (
        <>
          <textarea {...ids} rows={Math.min(14, Math.max(3, text.split("\n").length))} spellCheck={false} value={text} onChange={(event) => change(event.target.value)} onBlur={() => isJson(text) && setDraft(null)} />
          {text.trim() !== "" && !isJson(text) && <p className="error-text small">{t("form.fault.json")}</p>}
        </>
      )}
    </Labelled>
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
