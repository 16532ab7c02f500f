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
  const format = new Intl.RelativeTimeFormat(i18n.locale, { style: "narrow" });
  if (size < 60) return format.format(Math.trunc(seconds), "second");
  if (size < 3_600) return format.format(Math.trunc(seconds / 60), "minute");
  if (size < 86_400) return format.format(Math.trunc(seconds / 3_600), "hour");
  return new Intl.DateTimeFormat(i18n.locale, { dateStyle: "medium" }).format(time);
}

/** Returns a time with its date and its zone, that of the reader unless given. */
export function exactTime(time: Date, timeZone?: string): string {
  return new Intl.DateTimeFormat(i18n.locale, {
    year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit",
    timeZoneName: "short", timeZone,
  }).format(time);
}

/** Returns a number with the separators of the language. */
export function number(value: number): string {
  return new Intl.NumberFormat(i18n.locale).format(value);
}

/** Returns a share between 0 and 1 as percent. */
export function percent(share: number): string {
  return new Intl.NumberFormat(i18n.locale, { style: "percent", maximumFractionDigits: share > 0 && share < 0.1 ? 1 : 0 }).format(share);
}

const SIZES = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** Returns a size for people. */
export function bytes(count: number): string {
  const step = count < 1 ? 0 : Math.min(SIZES.length - 1, Math.floor(Math.log2(count) / 10));
  const value = count / 1024 ** step;
  return `${number(step === 0 || value >= 100 ? Math.round(value) : Math.round(value * 10) / 10)} ${SIZES[step]}`;
}

function unit(value: number, name: string): string {
  return new Intl.NumberFormat(i18n.locale, { style: "unit", unit: name, unitDisplay: "short" }).format(value);
}
