import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useEffectEvent } from "react";
import { useText } from "~/i18n/text";
import { Dialog } from "~/ui/dialog";
import { Fault } from "~/ui/fault";
import { Loading } from "~/ui/states";
import { Answers } from "../deliveries/answers";
import { deliveryQuery } from "../deliveries/delivery-queries";
import { DeliveryStatus } from "../deliveries/delivery-status";
import { testChannel, type Channel } from "./channel-queries";

/** Sends a test by a channel, and shows what its receiver says. */
export function TestChannel({ channel, onClose }: { channel: Channel; onClose: () => void }) {
  const t = useText();
  const testing = useMutation({ mutationFn: () => testChannel(channel.id) });
  const send = useEffectEvent(() => testing.isIdle && testing.mutate());
  useEffect(() => void send(), []);
  return (
    <Dialog title={t("channels.testTitle", { name: channel.name })} onClose={onClose}>
      <Fault error={testing.error} />
      {testing.isPending && <Loading />}
      {testing.data && <Told deliveryId={testing.data.id} />}
      <div className="row">
        <button type="button" className="primary" onClick={onClose}>
          {t("action.close")}
        </button>
      </div>
    </Dialog>
  );
}

function Told({ deliveryId }: { deliveryId: number }) {
  const t = useText();
  const delivery = useQuery(deliveryQuery(deliveryId)).data;
  if (delivery === undefined) return <Loading />;
  return (
    <>
      <p role="status">
        <DeliveryStatus status={delivery.status} /> {t(`channels.tested.${delivery.status}`)}
      </p>
      <Answers answers={delivery.answers} />
    </>
  );
}
