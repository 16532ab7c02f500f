import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useText } from "~/i18n/text";
import { FormDialog } from "~/ui/form-dialog";
import { openAccount } from "./account-actions";
import { accountKeys, type Role } from "./account-queries";
import { NewPassword } from "./new-password";
import { RoleChoice } from "./role-choice";

/** Asks for what a new account needs, and opens it. */
export function NewAccount({ onClose }: { onClose: () => void }) {
  const t = useText();
  const [role, setRole] = useState<Role>("user");
  const navigate = useNavigate();
  const queries = useQueryClient();
  const opening = useMutation({
    mutationFn: openAccount,
    onSuccess: ({ id }) => {
      void queries.invalidateQueries({ queryKey: accountKeys.all });
      void navigate({ to: "/users/$userId", params: { userId: String(id) } });
    },
  });
  const open = (form: FormData) => opening.mutate({ email: String(form.get("email")), password: String(form.get("password")), full_name: String(form.get("name")).trim() || null, role });
  return (
    <FormDialog title={t("accounts.new")} action={t("accounts.open")} error={opening.error} isBusy={opening.isPending} onSubmit={open} onClose={onClose}>
      <label>
        {t("accounts.email")}
        <input name="email" type="email" required autoFocus autoComplete="off" />
      </label>
      <label>
        {t("accounts.name")}
        <input name="name" type="text" maxLength={200} autoComplete="off" />
      </label>
      <RoleChoice role={role} onChoose={setRole} />
      <NewPassword />
    </FormDialog>
  );
}
