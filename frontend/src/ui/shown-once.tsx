import { useText } from "~/i18n/text";
import { CopyButton } from "./copy-button";
import { Dialog } from "./dialog";

interface ShownOnceProps {
  title: string;
  text: string;
  /** What it is for. */
  about: string;
  onClose: () => void;
}

/** Something secret that nobody is shown a second time. */
export function ShownOnce({ title, text, about, onClose }: ShownOnceProps) {
  const t = useText();
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{about}</p>
      <p className="note">{t("once.about")}</p>
      <pre tabIndex={0} aria-label={title}>{text}</pre>
      <div className="row">
        <CopyButton text={text} />
        <span className="grow" />
        <button type="button" className="primary" onClick={onClose}>
          {t("once.done")}
        </button>
      </div>
    </Dialog>
  );
}
