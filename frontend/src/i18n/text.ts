import type { I18n } from "@lingui/core";
import { useLingui } from "@lingui/react";

export type TextOf = (id: string, values?: Record<string, unknown>) => string;

/** Returns the function that finds a message by its id, in the language of the console. */
export function useText(): TextOf {
  return textIn(useLingui().i18n);
}

const texts = new WeakMap<I18n["messages"], TextOf>();

/** Returns one function for each language, so that whoever has kept one of another draws itself again. */
function textIn(i18n: I18n): TextOf {
  const text = texts.get(i18n.messages) ?? ((id, values) => i18n._(id, values));
  texts.set(i18n.messages, text);
  return text;
}
