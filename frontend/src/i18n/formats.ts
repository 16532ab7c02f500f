import { i18n } from "@lingui/core";

/** Returns a duration for people; `milliseconds` may be unknown. */
export function duration(milliseconds: number | null | undefined): string {
  if (milliseconds == null || Number.isNaN(milliseconds)) return "–";
  const ms = Math.max(0, milliseconds);
  if (ms < 1_000) return unit(ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms), "millisecond");
  if (ms < 60_000) return unit(Math.round(ms / 100) / 10, "second");
  if (ms < 3_600_000) return `${unit(Math.floor(ms / 60_000), "minute")} ${unit(Math.floor((ms % 60_000) / 1_000), "second")}`;
  return `${unit(Math.floor(ms / 3_600_000), "hour")} ${unit(Math.floor((ms % 3_600_000) / 60_000), "minute")}`;
}

/** Returns how long ago a time was, or in how long it will be. */
export function relativeTime(time: Date, now: Date): string {
  const seconds = (time.getTime() - now.getTime()) / 1_000;
  const size = Math.abs(seconds);
  if (size < 5) return i18n._("time.now");
  const format = kept("relative", (locale) => new Intl.RelativeTimeFormat(locale, { style: "narrow" }));
  if (size < 60) return format.format(Math.trunc(seconds), "second");
  if (size < 3_600) return format.format(Math.trunc(seconds / 60), "minute");
  if (size < 86_400) return format.format(Math.trunc(seconds / 3_600), "hour");
  return kept("date", (locale) => new Intl.DateTimeFormat(locale, { dateStyle: "medium" })).format(time);
}

/** Returns a time with its date and its zone, that of the reader unless given. */
export function exactTime(time: Date, timeZone?: string): string {
  const options: Intl.DateTimeFormatOptions = {
    year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit",
    timeZoneName: "short", timeZone,
  };
  return kept(`exact ${timeZone}`, (locale) => new Intl.DateTimeFormat(locale, options)).format(time);
}

/** Returns a number with the separators of the language. */
export function number(value: number): string {
  return numberFormat({}).format(value);
}

/** Returns a share between 0 and 1 as percent. */
export function percent(share: number): string {
  return numberFormat({ style: "percent", maximumFractionDigits: share > 0 && share < 0.1 ? 1 : 0 }).format(share);
}

const SIZES = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** Returns a size for people. */
export function bytes(count: number): string {
  const step = count < 1 ? 0 : Math.min(SIZES.length - 1, Math.floor(Math.log2(count) / 10));
  const value = count / 1024 ** step;
  return `${number(step === 0 || value >= 100 ? Math.round(value) : Math.round(value * 10) / 10)} ${SIZES[step]}`;
}

function unit(value: number, name: string): string {
  return numberFormat({ style: "unit", unit: name, unitDisplay: "short" }).format(value);
}

function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const name = `number ${options.style} ${options.unit} ${options.maximumFractionDigits}`;
  return kept(name, (locale) => new Intl.NumberFormat(locale, options));
}

const formats = new Map<string, unknown>();

/** Returns a format of the present language that is made once: lists use hundreds a second, and making one costs far more than its use. */
function kept<Format>(name: string, make: (locale: string) => Format): Format {
  const key = `${i18n.locale} ${name}`;
  if (!formats.has(key)) formats.set(key, make(i18n.locale));
  return formats.get(key) as Format;
}
