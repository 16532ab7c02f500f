import { Link } from "@tanstack/react-router";
import { useText } from "~/i18n/text";

/** Who has a card: a job of ours, which is a link, somebody else, or nobody. */
export function Holder({ holder }: { holder: string | null }) {
  const t = useText();
  if (holder === null) return <span className="tag" data-tone="good">{t("clusters.free")}</span>;
  const id = /^job (\d+)$/.exec(holder)?.[1];
  if (id === undefined) return <span className="tag" data-tone="warn">{holder}</span>;
  return <Link className="tag" to="/jobs/$jobId" params={{ jobId: id }}>{`#${id}`}</Link>;
}
