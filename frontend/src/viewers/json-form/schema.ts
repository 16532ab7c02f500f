/** A JSON Schema, as a plugin states it. */
export type Schema = Record<string, unknown>;

/** Inputs of this format are files, by reference. */
const FILE_FORMAT = "satellite-file";

export type FieldKind = "object" | "array" | "choice" | "text" | "number" | "flag" | "file" | "json";

/** Returns a schema with what it refers to, within the same document, in its place. */
export function resolved(schema: unknown, root: Schema): Schema {
  let found = asSchema(schema);
  for (let step = 0; step < 16 && typeof found.$ref === "string"; step += 1) {
    const { $ref, ...rest } = found;
    found = { ...asSchema(pointed(root, String($ref))), ...rest };
  }
  return found;
}

/** Tells by what kind of field a value of a schema is edited; what none fits is edited as JSON. */
export function kindOf(schema: Schema): FieldKind {
  if (Array.isArray(schema.enum)) return "choice";
  if (["anyOf", "oneOf", "allOf", "not", "if", "const"].some((word) => word in schema) && !("properties" in schema)) return "json";
  if (schema.format === FILE_FORMAT) return "file";
  if (schema.type === "string") return "text";
  if (schema.type === "integer" || schema.type === "number") return "number";
  if (schema.type === "boolean") return "flag";
  if (schema.type === "object" && propertiesOf(schema).length > 0) return "object";
  if (schema.type === "array" && typeof schema.items === "object" && !("prefixItems" in schema)) return "array";
  return "json";
}

/** Returns the properties of an object in their order, with what each asks for. */
export function propertiesOf(schema: Schema): [string, Schema][] {
  return Object.entries(asSchema(schema.properties)) as [string, Schema][];
}

/** Tells whether an object must have a property. */
export function isRequired(schema: Schema, name: string): boolean {
  return Array.isArray(schema.required) && schema.required.includes(name);
}

/** Returns what a JSON pointer, with or without `#`, points at; undefined where there is nothing. */
export function pointed(value: unknown, pointer: string): unknown {
  const steps = pointer.replace(/^#/, "").split("/").slice(1);
  const names = steps.map((step) => decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~"));
  return names.reduce<unknown>((found, name) => (found as Record<string, unknown> | undefined)?.[name], value);
}

/** Returns the pointer of a member of what a pointer points at. */
export function below(pointer: string, name: string | number): string {
  return `${pointer}/${String(name).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

function asSchema(value: unknown): Schema {
  return typeof value === "object" && value !== null ? (value as Schema) : {};
}
