import { ArrayField } from "./array-field";
import { FileField } from "./file-field";
import { useForm, type FieldProps } from "./form-context";
import { JsonField } from "./json-field";
import { ObjectField } from "./object-field";
import { kindOf, resolved } from "./schema";
import { ChoiceField, FlagField, NumberField, TextField } from "./simple-fields";

const FIELDS = { object: ObjectField, array: ArrayField, choice: ChoiceField, text: TextField, number: NumberField, flag: FlagField, file: FileField, json: JsonField };

/** The field for a value, whatever its schema asks for. */
export function Field(props: FieldProps) {
  const { root } = useForm();
  const schema = resolved(props.schema, root);
  const Kind = FIELDS[kindOf(schema)];
  return <Kind {...props} schema={schema} />;
}
