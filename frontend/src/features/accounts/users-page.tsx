import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { useText, type TextOf } from "~/i18n/text";
import { useIsAdmin } from "~/session/session";
import { useCommands } from "~/ui/commands";
import { More } from "~/ui/more";
import { Page } from "~/ui/page";
import { Empty, Shown } from "~/ui/states";
import { Table, type Column } from "~/ui/table";
import { Ago } from "~/ui/time";
import { accountListQuery, type Account } from "./account-queries";
import styles from "./accounts.module.css";
import { Activity, ActivityButton } from "./activity";
import { usersRoute } from "./feature";
import { NewAccount } from "./new-account";

/** All accounts; for admins. */
export function UsersPage() {
  const t = useText();
  const isAdmin = useIsAdmin();
  const { search } = usersRoute.useSearch();
  const [isOpening, setOpening] = useState(false);
  useCommands(isAdmin ? [{ id: "accounts.new", label: t("accounts.new"), shortcut: "n", run: () => setOpening(true) }] : []);
  if (!isAdmin) return <Page title={t("accounts.title")}><Empty title={t("accounts.adminsOnly")} /></Page>;
  const open = (
    <button type="button" className="primary" onClick={() => setOpening(true)}>
      {t("accounts.new")}
    </button>
  );
  return (
    <Page title={t("accounts.title")} about={t("accounts.about")} actions={open}>
      <section className="card" aria-label={t("accounts.title")}>
        <Search key={search} search={search} />
        <List search={search} />
      </section>
      {isOpening && <NewAccount onClose={() => setOpening(false)} />}
    </Page>
  );
}

function Search({ search }: { search: string | undefined }) {
  const t = useText();
  const navigate = useNavigate();
  const find = (typed: string) => void navigate({ to: "/users", search: { search: typed.trim() || undefined } });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    find(String(new FormData(event.currentTarget).get("search")));
  };
  return (
    <form role="search" className={styles.toolbar} onSubmit={submit}>
      <input name="search" type="search" aria-label={t("accounts.search")} placeholder={t("accounts.search")} defaultValue={search} onChange={(event) => event.target.value === "" && find("")} />
      <button type="submit">{t("accounts.find")}</button>
    </form>
  );
}

function List({ search }: { search: string | undefined }) {
  const t = useText();
  const navigate = useNavigate();
  const list = useInfiniteQuery(accountListQuery(search));
  const open = ({ id }: Account) => void navigate({ to: "/users/$userId", params: { userId: String(id) } });
  return (
    <Shown query={list}>
      {({ pages }) => {
        const rows = pages.flatMap(({ items }) => items);
        if (rows.length === 0) return <Empty title={t("accounts.noMatch")} />;
        return (
          <>
            <Table label={t("accounts.title")} columns={columns(t)} rows={rows} keyOf={({ id }) => id} onOpen={open} />
            <More list={list} />
          </>
        );
      }}
    </Shown>
  );
}

function columns(t: TextOf): Column<Account>[] {
  return [
    { id: "email", title: t("accounts.email"), cell: ({ id, email }) => <Link to="/users/$userId" params={{ userId: String(id) }}>{email}</Link> },
    { id: "name", title: t("accounts.name"), isExtra: true, cell: ({ full_name }) => full_name ?? <span className="muted">–</span> },
    { id: "role", title: t("accounts.role"), cell: ({ role }) => <span className="tag">{t(`accounts.role.${role}`)}</span> },
    { id: "activity", title: t("accounts.activity"), cell: (account) => <Activity account={account} /> },
    { id: "since", title: t("accounts.since"), isExtra: true, cell: ({ created_at }) => <Ago time={created_at} /> },
    { id: "action", title: "", isExtra: true, cell: (account) => <ActivityButton account={account} /> },
  ];
}
