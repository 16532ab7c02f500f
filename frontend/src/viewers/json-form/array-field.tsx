import { useText } from "~/i18n/text";
import { exampleOf } from "./example";
import { useForm, type FieldProps } from "./form-context";
import { JsonField } from "./json-field";
import { titleOf } from "./labelled";
import styles from "./json-form.module.css";
import { below, type Schema } from "./schema";

/** So many items have fields of their own; longer lists are edited as JSON. */
const ITEMS_MAX = 50;

/** A list, item after item. */
export function ArrayField(props: FieldProps) {
  const t = useText();
  const { schema, name, pointer, value, isRequired, onChange } = props;
  const { root, faults, Field } = useForm();
  const items = value === undefined ? [] : value;
  if (!Array.isArray(items) || items.length > ITEMS_MAX) return <JsonField {...props} />;
  const asked = schema.items as Schema;
  const change = (next: unknown[]) => onChange(next.length === 0 && !isRequired ? undefined : next);
  const fault = faults.get(pointer);
  return (
    <fieldset className={styles.group}>
      <legend>{titleOf(schema, name)}</legend>
      {typeof schema.description === "string" && <p className="muted small">{schema.description}</p>}
      {fault && <p className="error-text small">{fault}</p>}
      {items.map((item, index) => (
        <div key={index} className={styles.item}>
          <Field schema={asked} name={`${index + 1}`} pointer={below(pointer, index)} value={item} isRequired onChange={(next) => change(items.with(index, next ?? null))} />
          <button type="button" className="quiet" aria-label={t("form.remove", { name: `${titleOf(schema, name)} ${index + 1}` })} onClick={() => change(items.toSpliced(index, 1))}>
            ✕
          </button>
        </div>
      ))}
      <button type="button" className={styles.add} onClick={() => change([...items, exampleOf(asked, root)])}>
        {t("form.addItem")}
      </button>
    </fieldset>
  );
}
