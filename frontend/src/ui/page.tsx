import { useEffect, type ReactNode } from "react";
import { useText } from "~/i18n/text";
import styles from "./page.module.css";

interface PageProps {
  title: string;
  /** One sentence about what is seen here. */
  about?: string;
  actions?: ReactNode;
  children: ReactNode;
}

/** A page of the console: it has one heading, which is also what the browser's tab says. */
export function Page({ title, about, actions, children }: PageProps) {
  const t = useText();
  useEffect(() => {
    document.title = `${title} · ${t("app.name")}`;
  }, [title, t]);
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <div className="grow">
          <h1>{title}</h1>
          {about && <p className="muted">{about}</p>}
        </div>
        {actions && <div className="row">{actions}</div>}
      </header>
      {children}
    </div>
  );
}
