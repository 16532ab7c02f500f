import { answerOf, api, type Schemas } from "~/api/client";
import type { Account, Limits } from "./account-queries";

/** Opens an account. Throws `Refused`. */
export function openAccount(account: Schemas["UserCreate"]): Promise<Account> {
  return answerOf(api.POST("/api/v1/users", { body: account }));
}

/** Changes what is named of an account. Throws `Refused`. */
export function changeAccount(id: number, change: Schemas["UserChange"]): Promise<Account> {
  return answerOf(api.PATCH("/api/v1/users/{user_id}", { params: { path: { user_id: id } }, body: change }));
}

/** Sets the password of somebody, whose logins end. Throws `Refused`. */
export async function resetPassword(id: number, password: string): Promise<void> {
  await answerOf(api.PUT("/api/v1/users/{user_id}/password", { params: { path: { user_id: id } }, body: { password } }));
}

/** Sets one's own password: all of one's logins end. Throws `Refused`. */
export async function changeOwnPassword(current: string, password: string): Promise<void> {
  await answerOf(api.PUT("/api/v1/users/me/password", { body: { current_password: current, password } }));
}

/** Sets all limits of an account: what is null is as for everybody. Throws `Refused`. */
export function putLimits(id: number, limits: Limits): Promise<Schemas["UserLimitsRead"]> {
  return answerOf(api.PUT("/api/v1/users/{user_id}/limits", { params: { path: { user_id: id } }, body: limits }));
}
