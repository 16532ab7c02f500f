import { queryOptions } from "@tanstack/react-query";
import { answerOf, api, type Schemas } from "~/api/client";

export type Rule = Schemas["RuleRead"];
export type RuleContent = Schemas["RulePut"];

/** The key of all that is known of rules. */
export const RULES = ["notifications", "rules"] as const;

/** More than an account may have. */
const LIMIT = 200;

/** All of one's rules. */
export const rulesQuery = queryOptions({
  queryKey: RULES,
  queryFn: async () => (await answerOf(api.GET("/api/v1/notification-rules", { params: { query: { limit: LIMIT } } }))).items,
});

/** The workflows that one may see, to choose among. */
export const workflowNamesQuery = queryOptions({
  queryKey: ["workflows", "names"],
  queryFn: async () => {
    const { items } = await answerOf(api.GET("/api/v1/workflows", { params: { query: { limit: LIMIT } } }));
    return items.map(({ id, name }) => ({ id, name }));
  },
});

/** Makes a rule, or puts something else in place of one. Throws `Refused`. */
export function putRule(id: number | null, content: RuleContent): Promise<Rule> {
  if (id === null) return answerOf(api.POST("/api/v1/notification-rules", { body: content }));
  return answerOf(api.PUT("/api/v1/notification-rules/{rule_id}", { params: { path: { rule_id: id } }, body: content }));
}

/** Deletes a rule. Throws `Refused`. */
export async function deleteRule(id: number): Promise<void> {
  await answerOf(api.DELETE("/api/v1/notification-rules/{rule_id}", { params: { path: { rule_id: id } } }));
}

/** Returns what of a rule can be changed. */
export function contentOf({ name, kinds, channel_ids, plugin_name, workflow_id, min_priority, of_everybody, is_enabled }: Rule): RuleContent {
  return { name, kinds: kinds as RuleContent["kinds"], channel_ids, plugin_name, workflow_id, min_priority, of_everybody, is_enabled };
}
