import { useQuery } from "@tanstack/react-query";
import { useText } from "~/i18n/text";
import { Page } from "~/ui/page";
import { Failure, Loading } from "~/ui/states";
import { Ago } from "~/ui/time";
import { AccountForm } from "./account-form";
import { accountQuery, type Account } from "./account-queries";
import styles from "./accounts.module.css";
import { Activity, ActivityButton } from "./activity";
import { userRoute } from "./feature";
import { KeyList } from "./keys/key-list";
import { LimitsForm } from "./limits-form";
import { PasswordReset } from "./password-reset";

/** An account, for admins: who it is, what it may, and how much. */
export function UserPage() {
  const { userId } = userRoute.useParams();
  const account = useQuery(accountQuery(Number(userId)));
  if (account.data !== undefined) return <Shown account={account.data} />;
  return account.error ? <Failure error={account.error} onRetry={() => void account.refetch()} /> : <Loading />;
}

function Shown({ account }: { account: Account }) {
  const t = useText();
  return (
    <Page title={account.email} about={t("accounts.number", { id: account.id })} actions={<ActivityButton account={account} />}>
      <p className="row">
        <Activity account={account} />
        <span className="muted">
          {t("accounts.since")}: <Ago time={account.created_at} />
        </span>
      </p>
      <div className={styles.columns}>
        <AccountForm key={JSON.stringify(account)} account={account} />
        <LimitsForm accountId={account.id} />
        <PasswordReset accountId={account.id} />
      </div>
      <section className="card" aria-label={t("accounts.keys.title")}>
        <header className={styles.head}>
          <h2>{t("accounts.keys.title")}</h2>
        </header>
        <KeyList accountId={account.id} />
      </section>
    </Page>
  );
}
