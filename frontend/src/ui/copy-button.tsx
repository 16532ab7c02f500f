import { useState } from "react";
import { useText } from "~/i18n/text";

const TOLD_MS = 1_500;

/** Copies a text. */
export function CopyButton({ text, label }: { text: string | (() => string); label?: string }) {
  const t = useText();
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(typeof text === "string" ? text : text());
    setCopied(true);
    setTimeout(() => setCopied(false), TOLD_MS);
  };
  return (
    <button type="button" className="quiet" onClick={() => void copy()}>
      {isCopied ? t("action.copied") : (label ?? t("action.copy"))}
    </button>
  );
}
