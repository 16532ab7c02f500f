type Search = Record<string, unknown>;

/** Reads a text of an address; what is empty or none is undefined, and so left out of the address again. */
export function textOf(search: Search, name: string): string | undefined {
  const value = search[name];
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && text !== "" ? text : undefined;
}

/** Reads a text of an address that is one of some. */
export function choiceOf<T extends string>(search: Search, name: string, choices: readonly T[]): T | undefined {
  const value = search[name];
  return choices.find((choice) => choice === value);
}

/** Reads a whole number of an address. */
export function numberOf(search: Search, name: string): number | undefined {
  const value = Number(search[name] ?? Number.NaN);
  return Number.isSafeInteger(value) ? value : undefined;
}
