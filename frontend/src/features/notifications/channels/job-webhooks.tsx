import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useText } from "~/i18n/text";
import { RotateSecret } from "./rotate-secret";

/** What signs the webhooks that single jobs bring along, and the way to what these were told. */
export function JobWebhooks() {
  const t = useText();
  const [isRotating, setRotating] = useState(false);
  return (
    <section className="card padded stack" aria-label={t("webhooks.title")}>
      <h2>{t("webhooks.title")}</h2>
      <p className="muted">
        {t("webhooks.about")} <Link to="/notifications" search={{ tab: "deliveries" }}>{t("webhooks.toDeliveries")}</Link>
      </p>
      <div className="row">
        <button type="button" onClick={() => setRotating(true)}>
          {t("webhooks.newSecret")}
        </button>
      </div>
      {isRotating && <RotateSecret channel={null} onClose={() => setRotating(false)} />}
    </section>
  );
}
