import type { FormEvent } from "react";

/** For `onChange` of a form: what is chosen in a list holds at once, where a text waits for Enter. */
export function applyChoice({ target, currentTarget }: FormEvent<HTMLFormElement>): void {
  if (target instanceof HTMLSelectElement) currentTarget.requestSubmit();
}
