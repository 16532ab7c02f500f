import { Link, useNavigate } from "@tanstack/react-router";
import { useLingui } from "@lingui/react";
import { useState } from "react";
import { chooseLocale, LOCALE_NAMES, LOCALES, type Locale } from "~/i18n/locale";
import { useText } from "~/i18n/text";
import { signOut, useUser } from "~/session/session";
import { chooseTheme, chosenTheme, THEMES, type Theme } from "~/ui/theme";
import styles from "./preferences.module.css";

/** Who is signed in, and how they want to see the console. */
export function Preferences() {
  const t = useText();
  const user = useUser();
  const navigate = useNavigate();
  const leave = async () => {
    await signOut();
    await navigate({ to: "/login" });
  };
  return (
    <div className={styles.preferences}>
      <LocaleChoice />
      <ThemeChoice />
      <Link to="/profile" className={styles.user} title={user.email}>
        {user.email}
      </Link>
      <button type="button" className="quiet" onClick={() => void leave()}>
        {t("session.signOut")}
      </button>
    </div>
  );
}

/** The languages, each by its own name. */
export function LocaleChoice() {
  const t = useText();
  const { i18n } = useLingui();
  return (
    <select className={styles.choice} aria-label={t("preferences.language")} value={i18n.locale} onChange={(event) => void chooseLocale(event.target.value as Locale)}>
      {LOCALES.map((locale) => (
        <option key={locale} value={locale}>
          {LOCALE_NAMES[locale]}
        </option>
      ))}
    </select>
  );
}

function ThemeChoice() {
  const t = useText();
  const [theme, setTheme] = useState(chosenTheme);
  const choose = (chosen: Theme) => {
    chooseTheme(chosen);
    setTheme(chosen);
  };
  return (
    <select className={styles.choice} aria-label={t("preferences.theme")} value={theme} onChange={(event) => choose(event.target.value as Theme)}>
      {THEMES.map((each) => (
        <option key={each} value={each}>
          {t(`theme.${each}`)}
        </option>
      ))}
    </select>
  );
}
