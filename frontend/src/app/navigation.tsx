import { Link, useRouterState } from "@tanstack/react-router";
import { useState } from "react";
import { useText } from "~/i18n/text";
import { useLiveState } from "~/live/live-state";
import type { NavigationEntry } from "~/routing/feature";
import { useUser } from "~/session/session";
import { entriesOf, GROUPS } from "./features";
import styles from "./navigation.module.css";

/** The places of the console; on a phone they unfold. */
export function Navigation() {
  const t = useText();
  const user = useUser();
  const { state } = useLiveState();
  const path = useRouterState({ select: (all) => all.location.pathname });
  // It is open for the page on which it was opened.
  const [openOn, setOpenOn] = useState("");
  const isOpen = openOn === path;
  return (
    <div className={styles.side}>
      <div className={styles.head}>
        <Link to="/overview" className={styles.brand}>
          <img src="/dashboard/icon.svg" alt="" width="26" height="26" /> {t("app.name")}
        </Link>
        <button type="button" className={styles.toggle} aria-expanded={isOpen} aria-controls="navigation" onClick={() => setOpenOn(isOpen ? "" : path)}>
          {t("shell.menu")}
        </button>
      </div>
      <nav id="navigation" className={styles.nav} aria-label={t("shell.navigation")} data-open={isOpen || undefined}>
        {GROUPS.map((group) => (
          <NavigationGroup key={group} title={t(`navigation.${group}`)} entries={entriesOf(group, user)} />
        ))}
        <p className={styles.connection} role="status" data-state={state}>
          {t(`live.${state}`)}
        </p>
      </nav>
    </div>
  );
}

function NavigationGroup({ title, entries }: { title: string; entries: NavigationEntry[] }) {
  if (entries.length === 0) return null;
  return (
    <section className={styles.group}>
      <h2>{title}</h2>
      <ul>
        {entries.map((entry) => (
          <li key={entry.to}>
            <NavigationLink entry={entry} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function NavigationLink({ entry }: { entry: NavigationEntry }) {
  const t = useText();
  return (
    <Link to={entry.to} activeProps={{ "aria-current": "page" }}>
      {t(entry.label)}
    </Link>
  );
}
