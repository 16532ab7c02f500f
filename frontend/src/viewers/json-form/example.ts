import { pointed, type Schema } from "./schema";

const DEEPEST = 8;

/** Returns an example of what a schema asks for, to start from. */
export function exampleOf(schema: unknown, root: Schema = schema as Schema, depth = 0): unknown {
  if (typeof schema !== "object" || schema === null || depth > DEEPEST) return {};
  const known = schema as Schema;
  if (Array.isArray(known.examples) && known.examples.length > 0) return known.examples[0];
  for (const key of ["example", "default", "const"]) if (key in known) return known[key];
  if (Array.isArray(known.enum)) return known.enum[0];
  if (typeof known.$ref === "string") return exampleOf(pointed(root, known.$ref), root, depth + 1);
  const choices = (known.oneOf ?? known.anyOf ?? known.allOf) as unknown[] | undefined;
  if (choices?.[0] !== undefined && !known.properties) return exampleOf(choices[0], root, depth + 1);
  return exampleOfType(known, root, depth);
}

function exampleOfType(schema: Schema, root: Schema, depth: number): unknown {
  const types = [schema.type].flat();
  const type = types.find((each) => each !== "null") ?? types[0];
  if (type === "object" || schema.properties) return exampleObject(schema, root, depth);
  if (type === "array") return exampleArray(schema, root, depth);
  if (type === "integer" || type === "number") return schema.minimum ?? (Number(schema.maximum) < 1 ? schema.maximum : 1);
  if (type === "boolean") return false;
  if (type === "string") return "text".padEnd(Number(schema.minLength ?? 0), "x");
  return type === "null" ? null : {};
}

function exampleObject(schema: Schema, root: Schema, depth: number): unknown {
  const properties = (schema.properties ?? {}) as Schema;
  const names = (schema.required as string[] | undefined) ?? Object.keys(properties);
  return Object.fromEntries(names.map((name) => [name, exampleOf(properties[name] ?? {}, root, depth + 1)]));
}

function exampleArray(schema: Schema, root: Schema, depth: number): unknown {
  const count = Math.max(1, Number(schema.minItems ?? 1));
  const items = (schema.prefixItems as unknown[] | undefined) ?? Array.from({ length: Math.min(count, 100) }, () => schema.items ?? {});
  return items.map((item) => exampleOf(item, root, depth + 1));
}
