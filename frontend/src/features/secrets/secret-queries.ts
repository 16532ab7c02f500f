import { infiniteQueryOptions } from "@tanstack/react-query";
import { answerOf, api, type Schemas } from "~/api/client";
import { nextSkip } from "~/api/paging";

export type Secret = Schemas["SecretRead"];

/** The key of all that is known of secrets. */
export const SECRETS = ["secrets"] as const;

/** The secrets that jobs of who is signed in may be given, by name; admins see everybody's. No answer has a value. */
export const secretListQuery = infiniteQueryOptions({
  queryKey: [...SECRETS, "list"],
  queryFn: ({ pageParam }) => answerOf(api.GET("/api/v1/secrets", { params: { query: { skip: pageParam } } })),
  initialPageParam: 0,
  getNextPageParam: nextSkip,
});

/** Stores a secret. Throws `Refused`. */
export function storeSecret(secret: Schemas["SecretCreate"]): Promise<Secret> {
  return answerOf(api.POST("/api/v1/secrets", { body: secret }));
}

/** Puts another value in place of a secret's. Throws `Refused`. */
export function replaceValue(id: string, value: string): Promise<Secret> {
  return answerOf(api.PUT("/api/v1/secrets/{secret_id}/value", { params: { path: { secret_id: id } }, body: { value } }));
}

/** Deletes a secret. Throws `Refused`. */
export async function deleteSecret(id: string): Promise<void> {
  await answerOf(api.DELETE("/api/v1/secrets/{secret_id}", { params: { path: { secret_id: id } } }));
}

/** Gives a secret to the jobs of exactly these plugins. Throws `Refused`. */
export async function changePlugins({ id, plugins }: Secret, wanted: string[]): Promise<void> {
  for (const name of wanted.filter((each) => !plugins.includes(each))) {
    await answerOf(api.PUT("/api/v1/secrets/{secret_id}/plugins/{name}", { params: { path: { secret_id: id, name } } }));
  }
  for (const name of plugins.filter((each) => !wanted.includes(each))) {
    await answerOf(api.DELETE("/api/v1/secrets/{secret_id}/plugins/{name}", { params: { path: { secret_id: id, name } } }));
  }
}
