import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { useText } from "~/i18n/text";
import { signOut } from "~/session/session";
import { Fault } from "~/ui/fault";
import { useToasts } from "~/ui/toasts";
import { changeOwnPassword } from "./account-actions";
import { NewPassword } from "./new-password";

/** Changes one's own password. All of one's logins end with it, so that one is asked to sign in again. */
export function OwnPassword() {
  const t = useText();
  const navigate = useNavigate();
  const { tell } = useToasts();
  const changing = useMutation({
    mutationFn: ({ current, password }: { current: string; password: string }) => changeOwnPassword(current, password),
    onSuccess: async () => {
      await signOut();
      tell(t("accounts.passwordChanged"));
      await navigate({ to: "/login", search: { next: "/profile" } });
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    changing.mutate({ current: String(form.get("current")), password: String(form.get("password")) });
  };
  return (
    <section className="card padded" aria-label={t("accounts.changePassword")}>
      <form className="stack" onSubmit={submit}>
        <h2>{t("accounts.changePassword")}</h2>
        <label>
          {t("accounts.currentPassword")}
          <input name="current" type="password" required autoComplete="current-password" />
        </label>
        <NewPassword />
        <Fault error={changing.error} />
        <div className="row">
          <button type="submit" className="primary" disabled={changing.isPending}>
            {t("accounts.changePassword")}
          </button>
          <span className="muted small grow">{t("accounts.changePasswordAbout")}</span>
        </div>
      </form>
    </section>
  );
}
