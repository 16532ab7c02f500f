import { useText } from "~/i18n/text";
import { useForm, type FieldProps } from "./form-context";
import styles from "./json-form.module.css";
import { exampleOf } from "./example";
import { JsonField } from "./json-field";
import { titleOf } from "./labelled";
import { below, isRequired, propertiesOf } from "./schema";

/** An object, property after property; an optional one may be left out. */
export function ObjectField(props: FieldProps) {
  const t = useText();
  const { schema, name, pointer, value, onChange } = props;
  const { root, faults, Field } = useForm();
  if (value !== undefined && !isObject(value)) return <JsonField {...props} />;
  const known = (value ?? {}) as Record<string, unknown>;
  const change = (property: string, next: unknown) => {
    const { [property]: _, ...others } = known;
    onChange(next === undefined ? others : { ...known, [property]: next });
  };
  const named = new Set(propertiesOf(schema).map(([property]) => property));
  const unnamed = Object.keys(known).filter((property) => !named.has(property));
  const fault = faults.get(pointer);
  if (value === undefined && !props.isRequired) {
    return (
      <button type="button" className={styles.add} onClick={() => onChange(exampleOf(schema, root))}>
        {t("form.add", { name: titleOf(schema, name) })}
      </button>
    );
  }
  return (
    <fieldset className={name === null ? styles.root : styles.group}>
      {name !== null && <legend>{titleOf(schema, name)}</legend>}
      {typeof schema.description === "string" && <p className="muted small">{schema.description}</p>}
      {fault && <p className="error-text small">{fault}</p>}
      {propertiesOf(schema).map(([property, asked]) => (
        <Field key={property} schema={asked} name={property} pointer={below(pointer, property)} value={known[property]} isRequired={isRequired(schema, property)} onChange={(next) => change(property, next)} />
      ))}
      {unnamed.map((property) => (
        <JsonField key={property} schema={{}} name={property} pointer={below(pointer, property)} value={known[property]} isRequired={false} onChange={(next) => change(property, next)} />
      ))}
      {name !== null && !props.isRequired && (
        <button type="button" className={styles.add} onClick={() => onChange(undefined)}>
          {t("form.remove", { name: titleOf(schema, name) })}
        </button>
      )}
    </fieldset>
  );
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
