import { useState } from "react";
import { useText } from "~/i18n/text";
import { Confirm } from "~/ui/dialog";

interface NumberDialogProps {
  title: string;
  label: string;
  initial: number | null;
  isRequired?: boolean;
  isBusy: boolean;
  /** Gets null where nothing was typed. */
  onGiven: (value: number | null) => void;
  onClose: () => void;
}

/** Asks for one whole number above zero, or for none. */
export function NumberDialog({ title, label, initial, isRequired = false, isBusy, onGiven, onClose }: NumberDialogProps) {
  const t = useText();
  const [typed, setTyped] = useState(initial === null ? "" : String(initial));
  const isFit = typed === "" ? !isRequired : /^[1-9]\d*$/.test(typed);
  return (
    <Confirm title={title} action={t("plugins.save")} isBusy={isBusy || !isFit} onConfirm={() => onGiven(typed === "" ? null : Number(typed))} onClose={onClose}>
      <label>
        {label}
        <input type="text" inputMode="numeric" value={typed} aria-invalid={typed !== "" && !isFit} onChange={(event) => setTyped(event.target.value.trim())} />
      </label>
    </Confirm>
  );
}
