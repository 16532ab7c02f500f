import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { pluginNamesQuery } from "~/api/plugin-names";
import { useText } from "~/i18n/text";
import type { Permission } from "~/session/session";
import { FormDialog } from "~/ui/form-dialog";
import { NameList } from "~/ui/name-list";
import { ShownOnce } from "~/ui/shown-once";
import { KEYS, makeKey } from "./key-queries";
import { Permissions } from "./permissions";

const DAY_S = 86_400;
/** In how many days a key expires; 0 is never. */
const LIVES = [30, 90, 365, 0] as const;
const LIFE_USUAL = "90";

/** Asks what a new key is for, makes it, and shows it this once. */
export function NewKey({ onClose }: { onClose: () => void }) {
  const t = useText();
  const [permissions, setPermissions] = useState<Permission[] | null>(null);
  const [plugins, setPlugins] = useState<string[]>([]);
  const known = useQuery(pluginNamesQuery).data ?? [];
  const queries = useQueryClient();
  const making = useMutation({
    mutationFn: (form: FormData) => makeKey({ ...termsOf(form), permissions, plugins: plugins.length > 0 ? plugins : null }),
    onSuccess: () => queries.invalidateQueries({ queryKey: KEYS }),
  });
  if (making.data) return <ShownOnce key="made" title={t("accounts.keys.shown", { name: making.data.name })} text={making.data.key} about={t("accounts.keys.shownAbout")} onClose={onClose} />;
  return (
    <FormDialog key="asked" title={t("accounts.keys.new")} action={t("accounts.keys.make")} error={making.error} isBusy={making.isPending || permissions?.length === 0} onSubmit={making.mutate} onClose={onClose}>
      <label>
        {t("accounts.keys.name")}
        <input name="name" type="text" required maxLength={100} autoFocus autoComplete="off" placeholder={t("accounts.keys.nameExample")} />
      </label>
      <label>
        {t("accounts.keys.expires")}
        <select name="life" defaultValue={LIFE_USUAL}>
          {LIVES.map((days) => (
            <option key={days} value={days}>
              {days === 0 ? t("accounts.keys.never") : t("accounts.keys.inDays", { count: days })}
            </option>
          ))}
        </select>
      </label>
      <Permissions chosen={permissions} onChoose={setPermissions} />
      <NameList label={t("accounts.keys.plugins")} names={plugins} known={known} onChange={setPlugins} />
      <label>
        {t("accounts.keys.pace")}
        <input name="pace" type="number" min={1} step={1} placeholder={t("accounts.keys.paceUsual")} />
      </label>
    </FormDialog>
  );
}

function termsOf(form: FormData) {
  const [life, pace] = [Number(form.get("life")), Number(form.get("pace"))];
  return { name: String(form.get("name")), expires_in_s: life > 0 ? life * DAY_S : null, requests_per_minute: pace > 0 ? pace : null };
}
