import { useText } from "~/i18n/text";

interface Pages {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
}

/** Below a list that has more: shows the next page too. */
export function More({ list }: { list: Pages }) {
  const t = useText();
  if (!list.hasNextPage) return null;
  return (
    <button type="button" className="quiet wide" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
      {t("action.more")}
    </button>
  );
}
