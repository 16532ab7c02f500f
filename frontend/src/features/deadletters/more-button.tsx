import { useText } from "~/i18n/text";

export interface Pages {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
}

/** Asks for the next page of a list; nothing where there is none. */
export function MoreButton({ pages }: { pages: Pages }) {
  const t = useText();
  if (!pages.hasNextPage) return null;
  return (
    <button type="button" className="quiet wide" disabled={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
      {t("action.more")}
    </button>
  );
}
