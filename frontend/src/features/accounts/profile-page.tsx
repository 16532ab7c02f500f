import { useState } from "react";
import { useText } from "~/i18n/text";
import { useMay, useUser } from "~/session/session";
import { useCommands } from "~/ui/commands";
import { Page } from "~/ui/page";
import { Moment } from "~/ui/time";
import styles from "./accounts.module.css";
import { KeyList } from "./keys/key-list";
import { NewKey } from "./keys/new-key";
import { OwnPassword } from "./own-password";

/** Who is signed in: what they may, their password, and the keys of their programs. */
export function ProfilePage() {
  const t = useText();
  const mayManageKeys = useMay("keys:manage");
  return (
    <Page title={t("accounts.profile")} about={t("accounts.profileAbout")}>
      <div className={styles.columns}>
        <Self />
        {mayManageKeys && <OwnPassword />}
      </div>
      {mayManageKeys && <OwnKeys />}
    </Page>
  );
}

function Self() {
  const t = useText();
  const me = useUser();
  return (
    <section className="card padded stack" aria-label={t("accounts.account")}>
      <h2>{t("accounts.account")}</h2>
      <dl className="facts">
        <dt>{t("accounts.email")}</dt>
        <dd>{me.email}</dd>
        <dt>{t("accounts.name")}</dt>
        <dd>{me.full_name ?? "–"}</dd>
        <dt>{t("accounts.role")}</dt>
        <dd>
          <span className="tag">{t(`accounts.role.${me.role}`)}</span>
        </dd>
        <dt>{t("accounts.userId")}</dt>
        <dd>{me.id}</dd>
        <dt>{t("accounts.since")}</dt>
        <dd>
          <Moment time={me.created_at} />
        </dd>
      </dl>
      <p className="muted">{t(`accounts.roleAbout.${me.role}`)}</p>
      <details>
        <summary>{t("accounts.may")}</summary>
        <ul className={styles.may}>
          {Object.entries(me.permissions).map(([permission, extent]) => (
            <li key={permission} className="tag">
              {permission} <span className="muted">{t(`accounts.extent.${extent}`)}</span>
            </li>
          ))}
        </ul>
      </details>
    </section>
  );
}

function OwnKeys() {
  const t = useText();
  const me = useUser();
  const [isMaking, setMaking] = useState(false);
  useCommands([{ id: "accounts.keys.new", label: t("accounts.keys.new"), shortcut: "n", run: () => setMaking(true) }]);
  return (
    <section className="card" aria-label={t("accounts.keys.title")}>
      <header className={styles.head}>
        <div className="grow">
          <h2>{t("accounts.keys.title")}</h2>
          <p className="muted small">{t("accounts.keys.about")}</p>
        </div>
        <button type="button" className="primary" onClick={() => setMaking(true)}>
          {t("accounts.keys.new")}
        </button>
      </header>
      <KeyList accountId={me.id} />
      {isMaking && <NewKey onClose={() => setMaking(false)} />}
    </section>
  );
}
