import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useText } from "~/i18n/text";
import { useUser } from "~/session/session";
import { useToasts } from "~/ui/toasts";
import { changeAccount } from "./account-actions";
import { accountKeys, type Account } from "./account-queries";

/** Whether an account opens anything. */
export function Activity({ account }: { account: Account }) {
  const t = useText();
  return (
    <span className="tag" data-tone={account.is_active ? "good" : "bad"}>
      {t(account.is_active ? "accounts.active" : "accounts.deactivated")}
    </span>
  );
}

/** Deactivates an account, or activates it again; nobody locks themselves out. */
export function ActivityButton({ account: { id, email, is_active } }: { account: Account }) {
  const t = useText();
  const me = useUser();
  const queries = useQueryClient();
  const { tell, tellError } = useToasts();
  const changing = useMutation({
    mutationFn: () => changeAccount(id, { is_active: !is_active }),
    onSuccess: () => {
      tell(t(is_active ? "accounts.isDeactivated" : "accounts.isActivated", { email }));
      return queries.invalidateQueries({ queryKey: accountKeys.all });
    },
    onError: tellError,
  });
  if (id === me.id) return null;
  return (
    <button type="button" className={is_active ? "danger" : undefined} disabled={changing.isPending} onClick={() => changing.mutate()}>
      {t(is_active ? "accounts.deactivate" : "accounts.activate")}
    </button>
  );
}
