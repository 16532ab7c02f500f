import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useText } from "~/i18n/text";
import { Fault } from "~/ui/fault";
import { useToasts } from "~/ui/toasts";
import { resetPassword } from "./account-actions";
import { NewPassword } from "./new-password";

/** Gives an account another password, for who has forgotten theirs. */
export function PasswordReset({ accountId }: { accountId: number }) {
  const t = useText();
  const { tell } = useToasts();
  const [times, setTimes] = useState(0);
  const resetting = useMutation({
    mutationFn: (password: string) => resetPassword(accountId, password),
    onSuccess: () => {
      tell(t("accounts.passwordSet"));
      setTimes(times + 1);
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    resetting.mutate(String(new FormData(event.currentTarget).get("password")));
  };
  return (
    <section className="card padded" aria-label={t("accounts.setPassword")}>
      {/* After each success it is a new form, in which the password no longer stands. */}
      <form key={times} className="stack" onSubmit={submit}>
        <h2>{t("accounts.setPassword")}</h2>
        <p className="muted small">{t("accounts.setPasswordAbout")}</p>
        <NewPassword />
        <Fault error={resetting.error} />
        <div className="row">
          <button type="submit" disabled={resetting.isPending}>
            {t("accounts.setPassword")}
          </button>
        </div>
      </form>
    </section>
  );
}
