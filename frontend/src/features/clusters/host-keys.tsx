import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { problemText } from "~/api/problems";
import { useText } from "~/i18n/text";
import { useIsAdmin } from "~/session/session";
import { CopyButton } from "~/ui/copy-button";
import { Confirm } from "~/ui/dialog";
import { Empty } from "~/ui/states";
import { useToasts } from "~/ui/toasts";
import { trust } from "./cluster-actions";
import { clusterKeys, type Cluster, type HostKey } from "./cluster-queries";
import styles from "./clusters.module.css";

/** What proves who is who: the line that lets the connector in, and the keys that hosts have shown. */
export function HostKeys({ cluster }: { cluster: Cluster }) {
  const t = useText();
  return (
    <div className="stack">
      <section className={`card padded ${styles.part}`}>
        <div className="row">
          <h2 className="grow">{t("clusters.ourKey")}</h2>
          <CopyButton text={cluster.authorized_key} />
        </div>
        <p className="muted">{t("clusters.ourKeyHelp")} <code>~/.ssh/authorized_keys</code></p>
        <pre tabIndex={0}>{cluster.authorized_key}</pre>
      </section>
      <section className={`card padded ${styles.part}`} aria-label={t("clusters.hostKeys")}>
        <h2>{t("clusters.hostKeys")}</h2>
        {cluster.host_keys.length === 0 ? (
          <Empty title={t("clusters.noHostKeys")}>{t("clusters.noHostKeysHelp")}</Empty>
        ) : (
          <ul className={styles.list}>
            {cluster.host_keys.map((key) => (
              <ShownKey key={`${key.host} ${key.fingerprint}`} name={cluster.name} shown={key} />
            ))}
          </ul>
        )}
      </section>
    </div>
  );
}

function ShownKey({ name, shown }: { name: string; shown: HostKey }) {
  const t = useText();
  const isAdmin = useIsAdmin();
  const [isAsked, setAsked] = useState(false);
  return (
    <li className={styles.key}>
      <div className="grow">
        <p>
          <strong>{`${shown.host}:${shown.port}`}</strong> <span className="muted small">{shown.kind}</span>
        </p>
        <code>{shown.fingerprint}</code>
      </div>
      <span className="tag" data-tone={shown.is_confirmed ? "good" : "warn"}>{t(shown.is_confirmed ? "clusters.confirmed" : "clusters.notConfirmed")}</span>
      {isAdmin && !shown.is_confirmed && (
        <button type="button" className="primary" onClick={() => setAsked(true)}>
          {t("clusters.confirm")}
        </button>
      )}
      {isAsked && <Trust name={name} shown={shown} onClose={() => setAsked(false)} />}
    </li>
  );
}

function Trust({ name, shown, onClose }: { name: string; shown: HostKey; onClose: () => void }) {
  const t = useText();
  const queries = useQueryClient();
  const { tell } = useToasts();
  const confirming = useMutation({
    mutationFn: () => trust(name, shown.fingerprint),
    onSuccess: () => {
      tell(t("clusters.isConfirmed", { host: shown.host }));
      onClose();
      return queries.invalidateQueries({ queryKey: clusterKeys.all });
    },
  });
  return (
    <Confirm title={t("clusters.confirmTitle", { host: shown.host })} action={t("clusters.confirmNow")} isBusy={confirming.isPending} onConfirm={() => confirming.mutate()} onClose={onClose}>
      <p>{t("clusters.confirmAsk")}</p>
      <pre tabIndex={0}>{shown.fingerprint}</pre>
      <p className="muted small">{t("clusters.confirmHow")} <code>ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub</code></p>
      {confirming.error && (
        <p role="alert" className="error-text">
          {problemText(confirming.error)}
        </p>
      )}
    </Confirm>
  );
}
