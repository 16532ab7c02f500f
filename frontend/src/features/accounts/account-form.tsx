import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useText } from "~/i18n/text";
import { useUser } from "~/session/session";
import { Fault } from "~/ui/fault";
import { useToasts } from "~/ui/toasts";
import { changeAccount } from "./account-actions";
import { accountKeys, type Account, type Role } from "./account-queries";
import { RoleChoice } from "./role-choice";

/** What can be changed of an account. */
export function AccountForm({ account }: { account: Account }) {
  const t = useText();
  const me = useUser();
  const [role, setRole] = useState(account.role as Role);
  const queries = useQueryClient();
  const { tell } = useToasts();
  const changing = useMutation({
    mutationFn: (change: { email: string; full_name: string | null }) => changeAccount(account.id, { ...change, role }),
    onSuccess: () => {
      tell(t("accounts.saved"));
      return queries.invalidateQueries({ queryKey: accountKeys.all });
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    changing.mutate({ email: String(form.get("email")), full_name: String(form.get("name")).trim() || null });
  };
  return (
    <section className="card padded" aria-label={t("accounts.account")}>
      <form className="stack" onSubmit={submit}>
        <h2>{t("accounts.account")}</h2>
        <label>
          {t("accounts.email")}
          <input name="email" type="text" inputMode="email" required defaultValue={account.email} autoComplete="off" />
        </label>
        <label>
          {t("accounts.name")}
          <input name="name" type="text" maxLength={200} defaultValue={account.full_name ?? ""} autoComplete="off" />
        </label>
        <RoleChoice role={role} onChoose={setRole} isFixed={account.id === me.id} />
        <Fault error={changing.error} />
        <div className="row">
          <button type="submit" className="primary" disabled={changing.isPending}>
            {t("action.save")}
          </button>
        </div>
      </form>
    </section>
  );
}
