import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useText, type TextOf } from "~/i18n/text";
import { useMayChange } from "~/session/session";
import { Shown } from "~/ui/states";
import { Table, tableStyles, type Column } from "~/ui/table";
import { Ago } from "~/ui/time";
import { useToasts } from "~/ui/toasts";
import type { LetterFilter } from "./letter-filter";
import { letterKey, lettersQuery, replayOne, type Letter } from "./letter-queries";
import { MoreButton } from "./more-button";

/** The failed jobs themselves, newest first. */
export function LetterTable({ filter }: { filter: LetterFilter }) {
  const t = useText();
  const mayChange = useMayChange();
  const letters = useInfiniteQuery(lettersQuery(filter));
  return (
    <section className="card" aria-label={t("deadletters.list")}>
      <Shown query={letters}>
        {({ pages }) => (
          <>
            <Table label={t("deadletters.list")} columns={columnsOf(t, mayChange)} rows={pages.flatMap(({ items }) => items)} keyOf={({ id }) => id} />
            <MoreButton pages={letters} />
          </>
        )}
      </Shown>
    </section>
  );
}

function columnsOf(t: TextOf, mayChange: boolean): Column<Letter>[] {
  const columns: Column<Letter>[] = [
    { id: "job", title: t("deadletters.job"), cell: ({ id }) => <Link to="/jobs/$jobId" params={{ jobId: String(id) }}>{`#${id}`}</Link> },
    { id: "plugin", title: t("deadletters.plugin"), isExtra: true, cell: ({ plugin_name, plugin_version }) => `${plugin_name} ${plugin_version}` },
    { id: "kind", title: t("deadletters.kind"), cell: ({ error }) => error && <span className="tag" data-tone="bad">{t(`deadletters.kind.${error.kind}`)}</span> },
    { id: "message", title: t("deadletters.message"), isExtra: true, cell: ({ error_message }) => <div className={tableStyles.clip} title={error_message ?? ""}>{error_message}</div> },
    { id: "failed", title: t("deadletters.failed"), cell: ({ completed_at }) => <Ago time={completed_at} /> },
  ];
  if (mayChange) columns.push({ id: "replay", title: "", cell: (letter) => <ReplayOne letter={letter} /> });
  return columns;
}

function ReplayOne({ letter: { id } }: { letter: Letter }) {
  const t = useText();
  const queries = useQueryClient();
  const { tell, tellError } = useToasts();
  const replay = useMutation({
    mutationFn: () => replayOne(id),
    onSuccess: () => tell(t("deadletters.replayedOne", { id })),
    onError: tellError,
    onSettled: () => queries.invalidateQueries({ queryKey: letterKey }),
  });
  return (
    <button type="button" aria-label={t("deadletters.replayJob", { id })} disabled={replay.isPending} onClick={() => replay.mutate()}>
      {t("deadletters.replay")}
    </button>
  );
}
