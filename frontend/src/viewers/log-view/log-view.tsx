import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState, useSyncExternalStore, type KeyboardEvent, type RefObject } from "react";
import { number } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { plainText } from "./ansi";
import { LogLine } from "./log-line";
import type { LogStore } from "./log-store";
import styles from "./log-view.module.css";

const LINE_PX = 20;
const OVERSCAN = 20;
/** Above and below the lines, with a bar to scroll sideways. */
const PADDING_PX = 36;

interface LogViewProps {
  store: LogStore;
  /** What stands where there is no line. */
  empty: string;
  /** Where the whole log can be had. */
  download?: string;
}

/** A log, also a long one: searched as a whole, followed until somebody scrolls up, each line with an address. */
export function LogView({ store, empty, download }: LogViewProps) {
  const t = useText();
  const version = useSyncExternalStore(store.subscribe, store.versionNow);
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({ count: store.lines.length, getScrollElement: () => scroller.current, estimateSize: () => LINE_PX, overscan: OVERSCAN });
  const search = useSearch(store, version, (index) => rows.scrollToIndex(index, { align: "center" }));
  const [follows, setFollows] = useFollowing(scroller, version);
  const marked = useAddressedLine(rows.scrollToIndex);
  return (
    <div className={styles.log}>
      <div className={styles.bar}>
        <input type="search" aria-label={t("log.search")} placeholder={t("log.search")} value={search.wanted} onChange={(event) => search.setWanted(event.target.value)} onKeyDown={search.onKeyDown} />
        <span className="muted small" role="status">
          {search.wanted !== "" && t("log.found", { count: search.found.length, place: search.found.length === 0 ? 0 : search.place + 1 })}
        </span>
        <span className="grow" />
        <span className="muted small">{t("log.lines", { count: store.lines.length, shown: number(store.lines.length) })}</span>
        {!follows && (
          <button type="button" className="quiet" onClick={() => setFollows(true)}>
            {t("log.follow")}
          </button>
        )}
        {download && store.lines.length > 0 && (
          <a className="button quiet" href={download} download>
            {t("log.download")}
          </a>
        )}
      </div>
      {store.lines.length === 0 ? (
        <p className={styles.empty}>{empty}</p>
      ) : (
        <div ref={scroller} className={styles.scroller} style={{ maxHeight: store.lines.length * LINE_PX + PADDING_PX }} tabIndex={0} role="log" aria-label={t("log.title")} aria-live="off" onScroll={(event) => setFollows(isAtEnd(event.currentTarget))}>
          <div style={{ height: rows.getTotalSize() }} className={styles.lines}>
            {rows.getVirtualItems().map(({ index, start }) => (
              <LogLine
                key={index} number={store.dropped + index + 1} line={store.lines[index] ?? ""} start={start}
                wanted={search.wanted} isCurrent={search.found[search.place] === index} isMarked={marked === store.dropped + index + 1}
              />
            ))}
          </div>
        </div>
      )}
    </div>
  );
}

function useSearch(store: LogStore, version: number, show: (index: number) => void) {
  const [wanted, setWanted] = useState("");
  const [place, setPlace] = useState(0);
  const found = useMemo(() => findIn(store.lines, wanted, version), [store, wanted, version]);
  const go = (to: number) => {
    const next = (to + found.length) % Math.max(1, found.length);
    setPlace(next);
    const index = found[next];
    if (index !== undefined) show(index);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    go(place + (event.shiftKey ? -1 : 1));
  };
  const search = (text: string) => {
    setWanted(text);
    setPlace(0);
    const first = findIn(store.lines, text, version)[0];
    if (first !== undefined) show(first);
  };
  return { wanted, setWanted: search, found, place: Math.min(place, Math.max(0, found.length - 1)), onKeyDown };
}

function findIn(lines: readonly string[], wanted: string, _version: number): number[] {
  if (wanted === "") return [];
  const text = wanted.toLowerCase();
  const found: number[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    if (plainText(lines[index] ?? "").toLowerCase().includes(text)) found.push(index);
  }
  return found;
}

function useFollowing(scroller: RefObject<HTMLDivElement | null>, version: number) {
  const [follows, setFollows] = useState(true);
  useEffect(() => {
    const element = scroller.current;
    if (follows && element && version > 0) element.scrollTo({ top: element.scrollHeight });
  }, [scroller, follows, version]);
  return [follows, setFollows] as const;
}

/** The line that the address names, as `#L99` does. */
function useAddressedLine(show: (index: number, options: { align: "center" }) => void): number | null {
  const line = Number(/^#L(\d+)$/.exec(location.hash)?.[1] ?? Number.NaN);
  const isNamed = Number.isSafeInteger(line);
  const shown = useRef(false);
  useEffect(() => {
    if (!isNamed || shown.current) return;
    shown.current = true;
    show(line - 1, { align: "center" });
  });
  return isNamed ? line : null;
}

function isAtEnd(element: HTMLElement): boolean {
  return element.scrollTop + element.clientHeight >= element.scrollHeight - LINE_PX;
}
