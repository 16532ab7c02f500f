import { Validator } from "@cfworker/json-schema";
import type { TextOf } from "~/i18n/text";
import { below, pointed, type Schema } from "./schema";

/** What is wrong with a value, by the JSON pointers of its places. */
export type Faults = ReadonlyMap<string, string>;

/** Keywords that only say that something below them is wrong, which is told at its own place. */
const SILENT = new Set(["properties", "items", "$ref", "allOf", "prefixItems", "additionalProperties", "patternProperties", "then", "else", "false"]);
const KNOWN = new Set(["type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems", "format", "anyOf", "oneOf", "not"]);

/** Returns a function that finds what is wrong with values; without `eval`, and so only by an interpreter. */
export function validatorOf(schema: Schema): (value: unknown, t: TextOf) => Faults {
  const validator = new Validator(schema as object, "2020-12", false);
  return (value, t) => {
    const faults = new Map<string, string>();
    for (const unit of validator.validate(value).errors) {
      const found = faultOf(unit, schema, t);
      if (found !== null && !faults.has(found.pointer)) faults.set(found.pointer, found.text);
    }
    return faults;
  };
}

interface Unit {
  keyword: string;
  keywordLocation: string;
  instanceLocation: string;
  error: string;
}

function faultOf({ keyword, keywordLocation, instanceLocation, error }: Unit, schema: Schema, t: TextOf) {
  const place = instanceLocation.replace(/^#/, "");
  // What stands in one of several alternatives is a fault only where none of them fits, which is told there.
  if (/\/(anyOf|oneOf|not|if)\//.test(keywordLocation)) return null;
  if (keyword === "required") return { pointer: below(place, /"([^"]*)"/.exec(error)?.[1] ?? ""), text: t("form.fault.required") };
  if (keyword === "additionalProperties" || keyword === "unevaluatedProperties") return { pointer: place, text: t("form.fault.additional", { name: /"([^"]*)"/.exec(error)?.[1] ?? "" }) };
  if (SILENT.has(keyword)) return null;
  const limit = statedAt(schema, keywordLocation);
  const values = { limit: typeof limit === "object" ? JSON.stringify(limit) : String(limit ?? "") };
  return { pointer: place, text: KNOWN.has(keyword) ? t(`form.fault.${keyword}`, values) : error };
}

/** Returns what a schema states where a fault was found; the place goes through what it refers to. */
function statedAt(schema: Schema, location: string): unknown {
  const [first = "", ...referred] = location.split("/$ref");
  const follow = (found: unknown, rest: string) => pointed(pointed(schema, String((found as Schema | undefined)?.$ref)), rest);
  return referred.reduce(follow, pointed(schema, first));
}
