import { useId } from "react";
import { Field } from "./field";
import type { Schema } from "./schema";
import type { Faults } from "./validation";
import { FormContext, type Upload } from "./form-context";

interface JsonFormProps {
  schema: Schema;
  value: unknown;
  onChange: (value: unknown) => void;
  /** What is wrong with the value, shown at its places. */
  faults: Faults;
  /** Stores a file, and returns what stands for it in the value. */
  onUpload: Upload;
}

/** A form for a value of a JSON Schema; parts of it that no field fits are edited as JSON. */
export function JsonForm({ schema, value, onChange, faults, onUpload }: JsonFormProps) {
  const id = useId();
  return (
    <FormContext value={{ root: schema, faults, upload: onUpload, id, Field }}>
      <Field schema={schema} name={null} pointer="" value={value} isRequired onChange={onChange} />
    </FormContext>
  );
}
