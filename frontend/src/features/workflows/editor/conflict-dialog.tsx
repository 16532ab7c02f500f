import { useText } from "~/i18n/text";
import { Dialog } from "~/ui/dialog";
import { TextDiff } from "~/viewers/text-diff/text-diff";
import { textOfDefinition } from "../document";
import type { useSaving } from "./use-saving";

/** Says that somebody else has saved meanwhile, shows how that differs, and lets one choose. */
export function ConflictDialog({ saving, text }: { saving: ReturnType<typeof useSaving>; text: string }) {
  const t = useText();
  if (saving.conflict === null) return null;
  return (
    <Dialog title={t("editor.conflict")} onClose={saving.goOn}>
      <div className="stack">
        <p>{t("editor.conflictHelp")}</p>
        <TextDiff label={t("editor.conflictDiff")} before={textOfDefinition(saving.conflict.definition)} after={text} />
        <div className="row">
          <button type="button" className="primary" onClick={saving.goOn}>
            {t("editor.goOn")}
          </button>
          <button type="button" onClick={saving.takeTheirs}>
            {t("editor.takeTheirs")}
          </button>
          <button type="button" className="danger" onClick={saving.keepMine}>
            {t("editor.keepMine")}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
