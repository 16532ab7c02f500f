import { useText } from "~/i18n/text";
import { ROLES, type Role } from "./account-queries";

/** What an account may, in one word and in a sentence. */
export function RoleChoice({ role, onChoose, isFixed = false }: { role: Role; onChoose: (role: Role) => void; isFixed?: boolean }) {
  const t = useText();
  return (
    <label>
      {t("accounts.role")}
      <select value={role} disabled={isFixed} onChange={(event) => onChoose(event.target.value as Role)}>
        {ROLES.map((value) => (
          <option key={value} value={value}>
            {t(`accounts.role.${value}`)}
          </option>
        ))}
      </select>
      <span className="muted small">{t(`accounts.roleAbout.${role}`)}</span>
    </label>
  );
}
