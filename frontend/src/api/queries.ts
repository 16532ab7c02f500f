import { QueryClient } from "@tanstack/react-query";
import { Refused } from "./problems";

/** What the console knows of the server. Live frames keep it fresh, so nothing is asked for again just to be sure. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      retry: (failures, error) => failures < 2 && isWorthRepeating(error),
    },
  },
});

function isWorthRepeating(error: unknown): boolean {
  return error instanceof Refused && (error.status === 0 || error.status >= 500);
}
