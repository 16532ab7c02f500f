import { useState } from "react";
import { useText } from "~/i18n/text";
import { useMay } from "~/session/session";
import { useCommands } from "~/ui/commands";
import { Page } from "~/ui/page";
import { Empty } from "~/ui/states";
import { NewSecret } from "./new-secret";
import { SecretList } from "./secret-list";

/** What jobs are given that nobody else is to see. */
export function SecretsPage() {
  const t = useText();
  const mayManage = useMay("secrets:manage");
  const [isMaking, setMaking] = useState(false);
  const make = () => setMaking(true);
  useCommands(mayManage ? [{ id: "secrets.new", label: t("secrets.new"), shortcut: "n", run: make }] : []);
  if (!mayManage) return <Page title={t("secrets.title")}><Empty title={t("secrets.notYours")} /></Page>;
  const button = (
    <button type="button" className="primary" onClick={make}>
      {t("secrets.new")}
    </button>
  );
  return (
    <Page title={t("secrets.title")} about={t("secrets.about")} actions={button}>
      <section className="card" aria-label={t("secrets.title")}>
        <SecretList />
      </section>
      {isMaking && <NewSecret onClose={() => setMaking(false)} />}
    </Page>
  );
}
