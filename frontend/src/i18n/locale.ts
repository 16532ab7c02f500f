import { i18n, type Messages } from "@lingui/core";

export const LOCALES = ["en", "ko"] as const;
export type Locale = (typeof LOCALES)[number];

/** What each language is called by who speaks it. */
export const LOCALE_NAMES: Record<Locale, string> = { en: "English", ko: "한국어" };

const KEPT = "satellite.locale";
const CATALOGS: Record<Locale, () => Promise<{ messages: Messages }>> = {
  en: () => import("./catalog-en"),
  ko: () => import("./catalog-ko"),
};

/** Returns the language that was chosen here, or else that of the browser, or else English. */
export function preferredLocale(): Locale {
  const wanted = [localStorage.getItem(KEPT), ...navigator.languages.map((tag) => tag.slice(0, 2))];
  return wanted.map((tag) => LOCALES.find((locale) => locale === tag)).find((locale) => locale !== undefined) ?? "en";
}

/** Shows the console in a language. */
export async function activateLocale(locale: Locale): Promise<void> {
  const { messages } = await CATALOGS[locale]();
  i18n.loadAndActivate({ locale, messages });
  document.documentElement.lang = locale;
}

/** Shows the console in a language, now and whenever it is opened here again. */
export async function chooseLocale(locale: Locale): Promise<void> {
  localStorage.setItem(KEPT, locale);
  await activateLocale(locale);
}
