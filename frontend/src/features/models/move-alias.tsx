import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { problemText, Refused } from "~/api/problems";
import { useText } from "~/i18n/text";
import { Confirm } from "~/ui/dialog";
import { useToasts } from "~/ui/toasts";
import { moveAlias } from "./model-actions";
import { modelKeys, type Model } from "./model-queries";

const CHAMPION = "champion";

/** Asks which alias is to name a version; where its gate says no, the numbers stand here, and a reason overrides it. */
export function MoveAlias({ model, version, onClose }: { model: Model; version: number; onClose: () => void }) {
  const t = useText();
  const queries = useQueryClient();
  const { tell } = useToasts();
  const [alias, setAlias] = useState(CHAMPION);
  const [reason, setReason] = useState("");
  const move = useMutation({
    mutationFn: () => moveAlias(model.name, alias, version, reason.trim() || undefined),
    onSuccess: () => {
      tell(t("models.moved", { alias, version }));
      onClose();
      return queries.invalidateQueries({ queryKey: modelKeys.all });
    },
  });
  const isClosed = move.error instanceof Refused && move.error.problem?.code === "model_gate_closed";
  const named = model.aliases[alias];
  const action = t(named !== undefined && version < named ? "models.rollBack" : "models.promote");
  return (
    <Confirm title={t("models.moveTitle", { version })} action={isClosed ? t("models.override") : action} isBusy={move.isPending || alias.trim() === "" || (isClosed && reason.trim() === "")} onConfirm={() => move.mutate()} onClose={onClose}>
      <label>
        {t("models.alias")}
        <input type="text" list="model-aliases" spellCheck={false} value={alias} onChange={(event) => { setAlias(event.target.value); setReason(""); move.reset(); }} />
      </label>
      <datalist id="model-aliases">
        {[...new Set([CHAMPION, ...Object.keys(model.aliases)])].map((each) => (
          <option key={each}>{each}</option>
        ))}
      </datalist>
      <p className="muted">{named === undefined ? t("models.moveNew", { alias }) : t("models.moveFrom", { alias, from: named, to: version })}</p>
      {move.error && !isClosed && <p role="alert" className="error-text">{problemText(move.error)}</p>}
      {isClosed && <Closed error={move.error as Refused} reason={reason} onReason={setReason} />}
    </Confirm>
  );
}

function Closed({ error, reason, onReason }: { error: Refused; reason: string; onReason: (reason: string) => void }) {
  const t = useText();
  return (
    <>
      <div role="alert" className="note bad">
        <strong>{t("models.closed")}</strong>
        <ul>
          {error.violations.map(({ message }) => (
            <li key={message}>{message}</li>
          ))}
        </ul>
      </div>
      <label>
        {t("models.reason")}
        <textarea rows={3} maxLength={1_000} value={reason} onChange={(event) => onReason(event.target.value)} />
      </label>
    </>
  );
}
