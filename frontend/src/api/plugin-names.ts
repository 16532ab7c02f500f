import { queryOptions } from "@tanstack/react-query";
import { answerOf, api } from "./client";

/** The names of plugins, to choose among. */
export const pluginNamesQuery = queryOptions({
  queryKey: ["plugins", "names"],
  queryFn: async () => {
    const { items } = await answerOf(api.GET("/api/v1/plugins", { params: { query: { limit: 200 } } }));
    return items.map((plugin) => plugin.name);
  },
});
