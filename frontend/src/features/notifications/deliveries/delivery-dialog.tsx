import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Schemas } from "~/api/client";
import { useText } from "~/i18n/text";
import { Dialog } from "~/ui/dialog";
import { Fault } from "~/ui/fault";
import { Shown } from "~/ui/states";
import { Ago, Moment } from "~/ui/time";
import { JsonTree } from "~/viewers/json-tree/json-tree";
import { Answers } from "./answers";
import { DELIVERIES, deliveryQuery, redeliver } from "./delivery-queries";
import { DeliveryStatus } from "./delivery-status";
import { receiverText } from "./receiver-text";
import { SubjectLink } from "./subject-link";

interface DeliveryDialogProps {
  id: number;
  channelNames: Map<number, string>;
  onClose: () => void;
}

/** A message to one receiver: what it says, what the receiver said, and once more. */
export function DeliveryDialog({ id, channelNames, onClose }: DeliveryDialogProps) {
  const t = useText();
  const delivery = useQuery(deliveryQuery(id));
  return (
    <Dialog title={t("deliveries.title", { id })} onClose={onClose}>
      <Shown query={delivery}>{(told) => <Told delivery={told} channelNames={channelNames} />}</Shown>
      <div className="row">
        {delivery.data && delivery.data.status !== "pending" && <Again id={id} />}
        <span className="grow" />
        <button type="button" className="primary" onClick={onClose}>
          {t("action.close")}
        </button>
      </div>
    </Dialog>
  );
}

function Told({ delivery, channelNames }: { delivery: Schemas["DeliveryDetail"]; channelNames: Map<number, string> }) {
  const t = useText();
  return (
    <>
      <p className="row">
        <DeliveryStatus status={delivery.status} /> <strong>{t(`notifications.kind.${delivery.kind}`)}</strong>
        {delivery.due_at !== null && <span className="muted">{t("deliveries.again")} <Ago time={delivery.due_at} /></span>}
      </p>
      <dl className="facts">
        <dt>{t("deliveries.about")}</dt>
        <dd>
          <SubjectLink subject={delivery.subject} id={delivery.subject_id} />
        </dd>
        <dt>{t("deliveries.by")}</dt>
        <dd>{receiverText(t, delivery.channel_id, channelNames)}</dd>
        <dt>{t("deliveries.made")}</dt>
        <dd>
          <Moment time={delivery.created_at} />
        </dd>
        <dt>webhook-id</dt>
        <dd className="mono">{delivery.message_id}</dd>
      </dl>
      <h3>{t("deliveries.answers")}</h3>
      <Answers answers={delivery.answers} />
      <h3>{t("deliveries.message")}</h3>
      <JsonTree value={delivery.body} label={t("deliveries.message")} />
    </>
  );
}

function Again({ id }: { id: number }) {
  const t = useText();
  const queries = useQueryClient();
  const sending = useMutation({ mutationFn: () => redeliver(id), onSuccess: () => queries.invalidateQueries({ queryKey: DELIVERIES }) });
  return (
    <>
      <button type="button" disabled={sending.isPending} onClick={() => sending.mutate()}>
        {t("deliveries.redeliver")}
      </button>
      <Fault error={sending.error} />
    </>
  );
}
