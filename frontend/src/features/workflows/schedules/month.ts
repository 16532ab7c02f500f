/** A day of a calendar, in the reader's zone. */
export interface Day {
  /** `YYYY-MM-DD` there. */
  date: string;
  number: number;
  isInMonth: boolean;
}

const DAYS = 7;

/** Returns the month of a moment, as `YYYY-MM` in the reader's zone. */
export function monthOf(moment: Date): string {
  return dateOf(moment).slice(0, 7);
}

/** Returns the day of a moment, as `YYYY-MM-DD` in the reader's zone. */
export function dateOf(moment: Date): string {
  return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
}

/** Returns a moment as the reader's clock shows it: `YYYY-MM-DD HH:MM`. */
export function clockOf(moment: Date): string {
  return `${dateOf(moment)} ${two(moment.getHours())}:${two(moment.getMinutes())}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** Returns another month, so many after it, or before it. */
export function shifted(month: string, by: number): string {
  const [year = 0, number = 1] = month.split("-").map(Number);
  return monthOf(new Date(year, number - 1 + by, 1));
}

/** Returns the moment at which a month begins for the reader. */
export function startOf(month: string): Date {
  const [year = 0, number = 1] = month.split("-").map(Number);
  return new Date(year, number - 1, 1);
}

/** Returns the moment at which the weeks of a month begin, some days of the month before included. */
export function firstShownOf(month: string): Date {
  const first = startOf(month);
  return new Date(first.getFullYear(), first.getMonth(), 1 - leadOf(first));
}

/** Returns the weeks of a month, from Monday to Sunday, filled up with days of its neighbours. */
export function weeksOf(month: string): Day[][] {
  const first = startOf(month);
  const lead = leadOf(first);
  const length = new Date(first.getFullYear(), first.getMonth() + 1, 0).getDate();
  const weeks = Math.ceil((lead + length) / DAYS);
  return Array.from({ length: weeks }, (_, week) => Array.from({ length: DAYS }, (_day, place) => dayAt(first, week * DAYS + place - lead)));
}

/** Returns how many days a month's first week has before it. */
function leadOf(first: Date): number {
  return (first.getDay() + DAYS - 1) % DAYS;
}

function dayAt(first: Date, offset: number): Day {
  // By the calendar, not by 24 hours: some days have 23 or 25.
  const moment = new Date(first.getFullYear(), first.getMonth(), 1 + offset);
  return { date: dateOf(moment), number: moment.getDate(), isInMonth: moment.getMonth() === first.getMonth() };
}
