import type { FormEvent, ReactNode } from "react";
import { useText } from "~/i18n/text";
import { Dialog } from "./dialog";
import { Fault } from "./fault";

interface FormDialogProps {
  title: string;
  /** What the button that sends the form says. */
  action: string;
  error: unknown;
  isBusy: boolean;
  onSubmit: (form: FormData) => void;
  onClose: () => void;
  children: ReactNode;
}

/** A dialog that asks for something, and says beside it why it was refused. */
export function FormDialog({ title, action, error, isBusy, onSubmit, onClose, children }: FormDialogProps) {
  const t = useText();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    onSubmit(new FormData(event.currentTarget));
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        {children}
        <Fault error={error} />
        <div className="row">
          <button type="submit" className="primary" disabled={isBusy}>
            {action}
          </button>
          <button type="button" className="quiet" onClick={onClose}>
            {t("action.close")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
