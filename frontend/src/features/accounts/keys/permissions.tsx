import { useText } from "~/i18n/text";
import { useUser, type Permission } from "~/session/session";
import styles from "../accounts.module.css";

interface PermissionsProps {
  /** Null: all that the account may. */
  chosen: Permission[] | null;
  onChoose: (chosen: Permission[] | null) => void;
}

/** What a key may: all that its account may, or some of it. */
export function Permissions({ chosen, onChoose }: PermissionsProps) {
  const t = useText();
  const mine = Object.keys(useUser().permissions) as Permission[];
  const choose = (name: Permission, isChosen: boolean) => onChoose(mine.filter((each) => (each === name ? isChosen : chosen?.includes(each))));
  return (
    <div className="stack">
      <label>
        {t("accounts.keys.scope")}
        <select name="scope" value={chosen === null ? "all" : "some"} onChange={({ target }) => onChoose(target.value === "all" ? null : [])}>
          <option value="all">{t("accounts.keys.everything")}</option>
          <option value="some">{t("accounts.keys.some")}</option>
        </select>
      </label>
      {chosen !== null && (
        <div className={styles.choices} role="group" aria-label={t("accounts.keys.some")}>
          {mine.map((name) => (
            <label key={name}>
              <input type="checkbox" checked={chosen.includes(name)} onChange={({ target }) => choose(name, target.checked)} /> <span className="mono">{name}</span>
            </label>
          ))}
        </div>
      )}
    </div>
  );
}
