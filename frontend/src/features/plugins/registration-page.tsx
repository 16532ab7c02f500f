import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { problemText, Refused, type Violation } from "~/api/problems";
import { useText } from "~/i18n/text";
import { Page } from "~/ui/page";
import { Shown } from "~/ui/states";
import { useToasts } from "~/ui/toasts";
import { CodeEditor } from "~/viewers/code-editor/code-editor";
import { registrationRoute } from "./feature";
import { faultsAt, manifestOf, TEMPLATE } from "./manifest";
import { register } from "./plugin-actions";
import { pluginKeys, versionsQuery } from "./plugin-queries";
import styles from "./plugins.module.css";

/** Where a plugin is registered from its manifest, or a new version of one from that of its newest. */
export function RegistrationPage() {
  const t = useText();
  const { from } = registrationRoute.useSearch();
  const versions = useQuery({ ...versionsQuery(from ?? ""), enabled: from !== undefined, refetchInterval: false });
  return (
    <Page title={from === undefined ? t("plugins.register") : t("plugins.newVersionOf", { name: from })} about={t("plugins.registerAbout")}>
      {from === undefined ? <Manifest initial={TEMPLATE} /> : <Shown query={versions}>{([newest]) => <Manifest key={from} initial={newest ? manifestOf(newest) : TEMPLATE} />}</Shown>}
    </Page>
  );
}

function Manifest({ initial }: { initial: string }) {
  const t = useText();
  const [text, setText] = useState(initial);
  const registration = useRegistration();
  const violations = useMemo(() => (registration.error instanceof Refused ? registration.error.violations : []), [registration.error]);
  // What was refused is that text, and nothing is said of another.
  const isSame = registration.variables === text;
  const faults = useMemo(() => (isSame ? faultsAt(text, violations) : []), [text, violations, isSame]);
  return (
    <section className="stack" aria-label={t("plugins.manifest")}>
      <p className="row">
        <label className={`button ${styles.file}`}>
          {t("plugins.openFile")}
          <input type="file" accept=".json,application/json" onChange={(event) => void event.target.files?.[0]?.text().then(setText)} />
        </label>
        <span className="muted small">{t("plugins.openFileHelp")}</span>
      </p>
      <div className={styles.editor}>
        <CodeEditor label={t("plugins.manifest")} language="yaml" value={text} onChange={setText} faults={faults} />
      </div>
      {isSame && registration.error && <Refusal error={registration.error} violations={violations} />}
      <div className="row">
        <button type="button" className="primary" disabled={registration.isPending} onClick={() => registration.mutate(text)}>
          {t("plugins.registerNow")}
        </button>
      </div>
    </section>
  );
}

function Refusal({ error, violations }: { error: unknown; violations: readonly Violation[] }) {
  const t = useText();
  return (
    <div role="alert" className="note bad">
      <strong>{t("plugins.refused")}</strong>
      {violations.length === 0 && <p>{problemText(error)}</p>}
      <ul>
        {violations.map(({ pointer, message }) => (
          <li key={`${pointer} ${message}`}>
            <code>{pointer || "/"}</code> {message}
          </li>
        ))}
      </ul>
    </div>
  );
}

function useRegistration() {
  const t = useText();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { tell } = useToasts();
  return useMutation({
    mutationFn: register,
    onSuccess: ({ name, version }) => {
      tell(t("plugins.isRegistered", { name, version }));
      void queries.invalidateQueries({ queryKey: pluginKeys.all });
      void navigate({ to: "/plugins/$name", params: { name }, search: { version } });
    },
  });
}
