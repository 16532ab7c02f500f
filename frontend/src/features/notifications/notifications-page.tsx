import { useNavigate } from "@tanstack/react-router";
import { useText } from "~/i18n/text";
import { useMay } from "~/session/session";
import { useCommands } from "~/ui/commands";
import { Page } from "~/ui/page";
import { Segments } from "~/ui/segments";
import { Empty } from "~/ui/states";
import { Channels } from "./channels/channels";
import { Deliveries } from "./deliveries/deliveries";
import { notificationsRoute, TABS, type Tab } from "./feature";
import { Rules } from "./rules/rules";

const PARTS = { channels: Channels, rules: Rules, deliveries: Deliveries };

/** By what one is told of what, and what was told. */
export function NotificationsPage() {
  const t = useText();
  const mayManage = useMay("notifications:manage");
  const { tab = "channels" }: { tab?: Tab } = notificationsRoute.useSearch();
  const navigate = useNavigate();
  const choose = (chosen: Tab) => void navigate({ to: "/notifications", search: { tab: chosen } });
  useCommands(mayManage ? TABS.map((each) => ({ id: `notifications.${each}`, label: t("notifications.go", { part: t(`notifications.tab.${each}`) }), run: () => choose(each) })) : []);
  if (!mayManage) return <Page title={t("notifications.title")}><Empty title={t("notifications.notYours")} /></Page>;
  const Part = PARTS[tab];
  return (
    <Page title={t("notifications.title")} about={t(`notifications.about.${tab}`)}>
      <div className="row">
        <Segments label={t("notifications.title")} choices={TABS.map((value) => ({ value, text: t(`notifications.tab.${value}`) }))} chosen={tab} onChoose={choose} />
      </div>
      <Part />
    </Page>
  );
}
