import { Link } from "@tanstack/react-router";
import { useText } from "~/i18n/text";
import type { Entry } from "./audit-queries";
import styles from "./audit.module.css";

/** Where objects have pages of their own. */
const PLACES: Record<string, string> = { account: "/users", job: "/jobs", run: "/runs", workflow: "/workflows" };

/** What something was done to, with a way to it where it has a page. */
export function ObjectLink({ entry: { object_type, object_id } }: { entry: Entry }) {
  const t = useText();
  const place = PLACES[object_type];
  const name = <span className={styles.object}>{object_id ?? "–"}</span>;
  return (
    <>
      <span className="muted small">{t(`audit.object.${object_type}`)}</span> {place !== undefined && object_id !== null ? <Link to={`${place}/${object_id}`}>{name}</Link> : name}
    </>
  );
}
