import { useId, useState } from "react";
import { useText } from "~/i18n/text";

const LENGTH_MIN = 8;

/** The field `password` of a form: a new one, which can be looked at while it is typed. */
export function NewPassword() {
  const t = useText();
  const hintId = useId();
  const [isShown, setShown] = useState(false);
  return (
    <div className="stack">
      <label>
        {t("accounts.newPassword")}
        <input name="password" type={isShown ? "text" : "password"} required minLength={LENGTH_MIN} autoComplete="new-password" aria-describedby={hintId} />
      </label>
      <div className="row">
        <span id={hintId} className="muted small grow">{t("accounts.passwordHint", { count: LENGTH_MIN })}</span>
        <label>
          <input type="checkbox" checked={isShown} onChange={(event) => setShown(event.target.checked)} /> {t("accounts.showPassword")}
        </label>
      </div>
    </div>
  );
}
