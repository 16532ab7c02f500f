import { useText } from "~/i18n/text";

/** The field `value`, which is hidden while it is typed and never filled in. */
export function ValueField() {
  const t = useText();
  return (
    <label>
      {t("secrets.value")}
      <input name="value" type="password" required autoComplete="new-password" />
      <span className="muted small">{t("secrets.valueHint")}</span>
    </label>
  );
}
