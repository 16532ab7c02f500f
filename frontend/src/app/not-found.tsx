import { Link } from "@tanstack/react-router";
import { useText } from "~/i18n/text";
import { Empty } from "~/ui/states";

/** What stands at an address that is none. */
export function NotFound() {
  const t = useText();
  return (
    <Empty title={t("state.noPage")}>
      <Link to="/overview">{t("state.toOverview")}</Link>
    </Empty>
  );
}
