import { useRouter } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { problemText } from "~/api/problems";
import { useText } from "~/i18n/text";
import { signIn } from "~/session/session";
import styles from "./login-page.module.css";
import { LocaleChoice } from "./preferences";

interface LoginPageProps {
  /** Where to go once signed in, without `/dashboard`. */
  next: string;
  /** The login of this tab is over. */
  hasEnded: boolean;
}

/** Where people sign in. */
export function LoginPage({ next, hasEnded }: LoginPageProps) {
  const t = useText();
  const router = useRouter();
  const [fault, setFault] = useState(hasEnded ? t("session.ended") : "");
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    setBusy(true);
    try {
      await signIn(String(fields.get("username")), String(fields.get("password")));
      // An address of elsewhere is none of ours.
      router.history.push(next.startsWith("/dashboard/") ? next : `/dashboard${next.startsWith("//") ? "" : next}`);
    } catch (error) {
      setFault(problemText(error));
      setBusy(false);
    }
  };
  return (
    <main className={styles.page}>
      <title>{`${t("session.signIn")} · ${t("app.name")}`}</title>
      <form className={`card ${styles.card}`} onSubmit={(event) => void submit(event)}>
        <img src="/dashboard/icon.svg" alt="" width="52" height="52" />
        <div>
          <h1>{t("app.name")}</h1>
          <p className="muted">{t("app.about")}</p>
        </div>
        <label>
          {t("session.email")}
          <input name="username" type="text" inputMode="email" autoComplete="username" required autoFocus />
        </label>
        <label>
          {t("session.password")}
          <input name="password" type="password" autoComplete="current-password" required />
        </label>
        {fault && (
          <p className="error-text" role="alert">
            {fault}
          </p>
        )}
        <button className="primary wide" type="submit" disabled={isBusy}>
          {t("session.signIn")}
        </button>
        <p className="muted small">{t("session.hint")}</p>
        <LocaleChoice />
      </form>
    </main>
  );
}
