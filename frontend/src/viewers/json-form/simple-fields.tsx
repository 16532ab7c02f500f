import { useText } from "~/i18n/text";
import type { FieldProps } from "./form-context";
import { Labelled } from "./labelled";

const LONG_TEXT = 200;

/** Text; an optional one that is empty is left out. */
export function TextField(props: FieldProps) {
  const { schema, value, isRequired, onChange } = props;
  const text = typeof value === "string" ? value : "";
  const isLong = Number(schema.maxLength ?? 0) > LONG_TEXT || text.includes("\n");
  const change = (typed: string) => onChange(typed === "" && !isRequired ? undefined : typed);
  return (
    <Labelled props={props}>
      {(ids) => (isLong ? <textarea {...ids} rows={5} value={text} onChange={(event) => change(event.target.value)} /> : <input {...ids} type="text" value={text} onChange={(event) => change(event.target.value)} />)}
    </Labelled>
  );
}

/** A number; what is none stays as it was typed, and is told to be wrong. */
export function NumberField(props: FieldProps) {
  const { value, onChange } = props;
  const change = (typed: string) => {
    const number = Number(typed);
    if (typed.trim() === "") onChange(undefined);
    else onChange(Number.isFinite(number) && String(number) === typed.trim() ? number : typed);
  };
  return (
    <Labelled props={props}>
      {(ids) => <input {...ids} type="text" inputMode="decimal" value={value === undefined ? "" : String(value)} onChange={(event) => change(event.target.value)} onBlur={() => typeof value === "string" && Number.isFinite(Number(value)) && onChange(Number(value))} />}
    </Labelled>
  );
}

/** Yes or no; an optional one may be neither. */
export function FlagField(props: FieldProps) {
  const t = useText();
  const { value, isRequired, onChange } = props;
  const choices = { true: true, false: false, "": undefined };
  return (
    <Labelled props={props}>
      {(ids) => (
        <select {...ids} value={value === undefined ? "" : String(value)} onChange={(event) => onChange(choices[event.target.value as keyof typeof choices])}>
          {(!isRequired || value === undefined) && <option value="">–</option>}
          <option value="true">{t("form.yes")}</option>
          <option value="false">{t("form.no")}</option>
        </select>
      )}
    </Labelled>
  );
}

/** One of some values. */
export function ChoiceField(props: FieldProps) {
  const { schema, value, isRequired, onChange } = props;
  const choices = schema.enum as unknown[];
  const chosen = choices.findIndex((choice) => JSON.stringify(choice) === JSON.stringify(value));
  return (
    <Labelled props={props}>
      {(ids) => (
        <select {...ids} value={chosen} onChange={(event) => onChange(choices[Number(event.target.value)])}>
          {(!isRequired || chosen < 0) && <option value={-1}>–</option>}
          {choices.map((choice, index) => (
            <option key={index} value={index}>
              {typeof choice === "string" ? choice : JSON.stringify(choice)}
            </option>
          ))}
        </select>
      )}
    </Labelled>
  );
}
