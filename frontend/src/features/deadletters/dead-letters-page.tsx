import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useText } from "~/i18n/text";
import { Page } from "~/ui/page";
import { Empty, Shown } from "~/ui/states";
import { deadLettersRoute } from "./feature";
import { GroupList } from "./group-list";
import { isNarrowed, type LetterFilter } from "./letter-filter";
import { groupsQuery } from "./letter-queries";
import { LetterTable } from "./letter-table";
import { LettersToolbar } from "./letters-toolbar";
import { useFreshLetters } from "./use-fresh-letters";

/** Jobs that failed for good: why, how many for the same reason, and how to run them again. */
export function DeadLettersPage() {
  const t = useText();
  const filter = deadLettersRoute.useSearch();
  const navigate = useNavigate();
  const narrow = (change: Partial<LetterFilter>) => void navigate({ to: "/dead-letters", search: { ...filter, ...change } });
  useFreshLetters();
  return (
    <Page title={t("deadletters.title")} about={t("deadletters.about")}>
      <LettersToolbar filter={filter} onNarrow={narrow} />
      <Content key={JSON.stringify(filter)} filter={filter} onNarrow={narrow} />
    </Page>
  );
}

type PartProps = { filter: LetterFilter; onNarrow: (change: Partial<LetterFilter>) => void };

function Content({ filter, onNarrow }: PartProps) {
  const groups = useInfiniteQuery(groupsQuery(filter));
  return (
    <Shown query={groups}>
      {({ pages }) => {
        const rows = pages.flatMap(({ items }) => items);
        if (rows.length === 0) return <None filter={filter} onNarrow={onNarrow} />;
        return (
          <div className="stack">
            <GroupList groups={rows} more={groups} chosen={filter.cause} onChoose={(group) => onNarrow({ cause: group?.fingerprint ?? undefined, plugin: group?.plugin_name })} />
            <LetterTable filter={filter} />
          </div>
        );
      }}
    </Shown>
  );
}

function None({ filter, onNarrow }: PartProps) {
  const t = useText();
  if (!isNarrowed(filter)) return <Empty title={t("deadletters.none")}>{t("deadletters.noneHelp")}</Empty>;
  return (
    <Empty title={t("deadletters.noMatch")}>
      <button type="button" onClick={() => onNarrow({ plugin: undefined, kind: undefined, cause: undefined })}>
        {t("deadletters.all")}
      </button>
    </Empty>
  );
}
