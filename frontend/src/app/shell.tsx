import { Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { LiveNotices } from "~/features/notifications/live-notices";
import { LiveProvider } from "~/live/live-state";
import { useText } from "~/i18n/text";
import { CommandPalette } from "./command-palette";
import { Navigation } from "./navigation";
import { Preferences } from "./preferences";
import styles from "./shell.module.css";
import { StaleBanner } from "./stale-banner";

/** What is around every page: navigation, preferences, the live connection, and search over all commands. */
export function Shell() {
  const t = useText();
  const navigate = useNavigate();
  const main = useFocusOfNewPage();
  return (
    <LiveProvider onSignedOut={() => void navigate({ to: "/login" })}>
      <a className={styles.skip} href="#main">
        {t("shell.skip")}
      </a>
      <div className={styles.shell}>
        <Navigation />
        <div className={styles.side}>
          <header className={styles.bar}>
            <CommandPalette />
            <span className="grow" />
            <Preferences />
          </header>
          <StaleBanner />
          <LiveNotices />
          <main id="main" ref={main} tabIndex={-1} className={styles.main}>
            <Outlet />
          </main>
        </div>
      </div>
    </LiveProvider>
  );
}

/** Moves the focus to a new page, so that a keyboard or a screen reader goes on there. */
function useFocusOfNewPage() {
  const main = useRef<HTMLElement>(null);
  const path = useRouterState({ select: (state) => state.location.pathname });
  const last = useRef(path);
  useEffect(() => {
    if (last.current !== path) main.current?.focus({ preventScroll: true });
    last.current = path;
  }, [path]);
  return main;
}
