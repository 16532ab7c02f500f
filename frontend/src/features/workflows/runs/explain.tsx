import { useQuery } from "@tanstack/react-query";
import { useLingui } from "@lingui/react";
import { useText } from "~/i18n/text";
import type { Run } from "../workflow-queries";
import { ENDED, explanationQuery } from "./run-queries";

/** Why a run that has not ended is not further than it is, and what would help. */
export function Explain({ run }: { run: Run }) {
  const t = useText();
  const { i18n } = useLingui();
  const isOpen = !ENDED.has(run.status);
  const { data } = useQuery({ ...explanationQuery(run.id, run.status), enabled: isOpen });
  if (!isOpen || data === undefined || data.reason === "finished") return null;
  // The API's own sentence knows names and numbers, and English only.
  const isEnglish = i18n.locale === "en";
  return (
    <p className="note" role="status">
      <strong>{isEnglish ? data.detail : t(`runs.reason.${data.reason}`)}</strong> {isEnglish ? data.what_would_help : `(${data.detail})`}
    </p>
  );
}
