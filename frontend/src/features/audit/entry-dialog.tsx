import { Link } from "@tanstack/react-router";
import { useText } from "~/i18n/text";
import { Dialog } from "~/ui/dialog";
import { Moment } from "~/ui/time";
import { JsonTree } from "~/viewers/json-tree/json-tree";
import type { Entry } from "./audit-queries";
import { ObjectLink } from "./object-link";

/** All that is kept of something that somebody did, or was refused. */
export function EntryDialog({ entry, onClose }: { entry: Entry; onClose: () => void }) {
  const t = useText();
  return (
    <Dialog title={t("audit.entry", { id: entry.id })} onClose={onClose}>
      <p>
        <strong>{t(`audit.action.${entry.action}`)}</strong>{" "}
        <span className="tag" data-tone={entry.is_refused ? "bad" : "good"}>
          {t(entry.is_refused ? "audit.fate.refused" : "audit.fate.done")}
        </span>
      </p>
      <dl className="facts">
        <dt>{t("audit.at")}</dt>
        <dd>
          <Moment time={entry.at} />
        </dd>
        <dt>{t("audit.actor")}</dt>
        <dd>{entry.actor ?? t(entry.is_refused ? "audit.nobody" : "audit.platform")}</dd>
        <dt>{t("audit.object")}</dt>
        <dd>
          <ObjectLink entry={entry} />
        </dd>
        <dt>{t("audit.address")}</dt>
        <dd className="mono">{entry.address ?? "–"}</dd>
        <dt>{t("audit.requestId")}</dt>
        <dd className="mono">{entry.request_id ?? "–"}</dd>
      </dl>
      <h3>{t("audit.detail")}</h3>
      {entry.detail === null ? <p className="muted">{t("audit.noDetail")}</p> : <JsonTree value={entry.detail} label={t("audit.detail")} />}
      <div className="row">
        {entry.actor !== null && (
          <Link to="/audit" search={{ actor: entry.actor }}>
            {t("audit.others", { actor: entry.actor })}
          </Link>
        )}
        <span className="grow" />
        <button type="button" className="primary" onClick={onClose}>
          {t("action.close")}
        </button>
      </div>
    </Dialog>
  );
}
