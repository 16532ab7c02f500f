import { useText } from "~/i18n/text";
import { Segments } from "~/ui/segments";

interface TabsProps<T extends string> {
  tabs: readonly T[];
  chosen: T;
  onChoose: (tab: T) => void;
}

/** The parts of a page, of which one is seen. */
export function Tabs<T extends string>({ tabs, chosen, onChoose }: TabsProps<T>) {
  const t = useText();
  return <Segments label={t("workflows.parts")} choices={tabs.map((value) => ({ value, text: t(`workflows.tab.${value}`) }))} chosen={chosen} onChoose={onChoose} />;
}
