import { useQuery } from "@tanstack/react-query";
import { useText } from "~/i18n/text";
import { gateQuery } from "./model-queries";

/** What a version has to reach before the guarded alias is moved to it; nothing where no gate is set. */
export function Gate({ name }: { name: string }) {
  const t = useText();
  const gate = useQuery(gateQuery(name)).data;
  if (!gate) return null;
  const asked = [
    gate.at_least !== null && t("models.gate.atLeast", { value: gate.at_least }),
    gate.at_most !== null && t("models.gate.atMost", { value: gate.at_most }),
    gate.not_worse_than_champion !== null && t("models.gate.notWorse", { value: gate.not_worse_than_champion }),
  ];
  return (
    <p className="note">
      <strong>{t("models.gate.title", { alias: gate.alias })}</strong> {gate.metric} {asked.filter(Boolean).join(", ")}{" "}
      <span className="muted">{t("models.gate.data", { digest: gate.data_digest.slice(0, 12) })}</span>
    </p>
  );
}
