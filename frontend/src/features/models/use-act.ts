import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useToasts } from "~/ui/toasts";
import { modelKeys } from "./model-queries";

/** Returns what does something with a model, tells of it, and asks for the model again. */
export function useAct() {
  const queries = useQueryClient();
  const { tell, tellError } = useToasts();
  return useMutation({
    mutationFn: ({ work }: { done: string; work: () => Promise<unknown> }) => work(),
    onSuccess: (_, { done }) => {
      tell(done);
      return queries.invalidateQueries({ queryKey: modelKeys.all });
    },
    onError: tellError,
  });
}
