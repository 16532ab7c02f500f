import type { ReactNode } from "react";
import { useForm, type FieldProps } from "./form-context";
import styles from "./json-form.module.css";
import type { Schema } from "./schema";

interface LabelledProps {
  props: FieldProps;
  children: (ids: { id: string; "aria-invalid": boolean; "aria-describedby": string | undefined }) => ReactNode;
}

/** A field with its name, what it is for, and what is wrong with it. */
export function Labelled({ props: { schema, name, pointer, isRequired }, children }: LabelledProps) {
  const { id: form, faults } = useForm();
  const id = `${form}${pointer}`;
  const fault = faults.get(pointer);
  const about = typeof schema.description === "string" ? schema.description : undefined;
  const described = [about && `${id}-about`, fault && `${id}-fault`].filter(Boolean).join(" ") || undefined;
  return (
    <div className={styles.field}>
      <label htmlFor={id}>
        {titleOf(schema, name)}
        {isRequired && <span aria-hidden="true"> *</span>}
      </label>
      {about && (
        <p id={`${id}-about`} className="muted small">
          {about}
        </p>
      )}
      {children({ id, "aria-invalid": fault !== undefined, "aria-describedby": described })}
      {fault && (
        <p id={`${id}-fault`} className="error-text small">
          {fault}
        </p>
      )}
    </div>
  );
}

/** Returns what a field is called: by its schema, or by its name. */
export function titleOf(schema: Schema, name: string | null): string {
  return typeof schema.title === "string" ? schema.title : (name ?? "");
}
