// An example of what a JSON Schema asks for, to start from.

const DEEPEST = 8;

/** Return an example input for a schema. */
export function exampleOf(schema, root = schema, depth = 0) {
  if (schema == null || schema === true || depth > DEEPEST) return {};
  if (schema.examples?.length) return schema.examples[0];
  for (const key of ["example", "default", "const"]) if (key in schema) return schema[key];
  if (schema.enum) return schema.enum[0];
  if (schema.$ref?.startsWith("#/")) return exampleOf(resolve(schema.$ref, root), root, depth + 1);
  const choice = (schema.oneOf ?? schema.anyOf ?? schema.allOf)?.[0];
  if (choice && !schema.properties) return exampleOf(choice, root, depth + 1);
  return exampleOfType(schema, root, depth);
}

function exampleOfType(schema, root, depth) {
  const type = Array.isArray(schema.type) ? schema.type.find((each) => each !== "null") : schema.type;
  if (type === "object" || schema.properties) {
    const names = schema.required ?? Object.keys(schema.properties ?? {});
    return Object.fromEntries(names.map((name) => [name, exampleOf(schema.properties?.[name] ?? {}, root, depth + 1)]));
  }
  if (type === "array") {
    const items = schema.prefixItems ?? Array(Math.max(1, schema.minItems ?? 1)).fill(schema.items ?? {});
    return items.map((item) => exampleOf(item, root, depth + 1));
  }
  if (type === "integer" || type === "number") return schema.minimum ?? (schema.maximum < 1 ? schema.maximum : 1);
  if (type === "boolean") return false;
  if (type === "string") return "text".padEnd(schema.minLength ?? 0, "x");
  return type === "null" ? null : {};
}

function resolve(ref, root) {
  const keys = ref.slice(2).split("/").map((key) => decodeURIComponent(key).replaceAll("~1", "/").replaceAll("~0", "~"));
  return keys.reduce((found, key) => found?.[key], root);
}
