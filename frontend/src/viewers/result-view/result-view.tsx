import { useEffect, useRef, useState } from "react";
import { number } from "~/i18n/formats";
import { useText } from "~/i18n/text";
import { Table } from "~/ui/table";
import { JsonTree } from "~/viewers/json-tree/json-tree";
import styles from "./result-view.module.css";
import { imagesOf, rowsOf, seriesOf, type Row, type View } from "./views";

const ROWS_AT_ONCE = 100;

/** A value, in one of the ways that fit it. */
export function ResultView({ value, view, label }: { value: unknown; view: View; label: string }) {
  if (view === "table") return <Rows rows={rowsOf(value) ?? []} label={label} />;
  if (view === "chart") return seriesOf(value).map(({ name, points }) => <LineChart key={name} name={name || label} points={points} />);
  if (view === "image") return imagesOf(value).map(({ name, base64 }) => <Picture key={name} name={name || label} base64={base64} />);
  if (view === "json") return <pre tabIndex={0}>{JSON.stringify(value, null, 2)}</pre>;
  return <JsonTree value={value} label={label} />;
}

function Rows({ rows, label }: { rows: Row[]; label: string }) {
  const t = useText();
  const [shown, setShown] = useState(ROWS_AT_ONCE);
  const names = [...new Set(rows.slice(0, ROWS_AT_ONCE).flatMap((row) => Object.keys(row)))];
  const columns = names.map((name) => ({ id: name, title: name, cell: (row: Row) => cellText(row[name]) }));
  return (
    <div className="card">
      <Table label={label} columns={columns} rows={rows.slice(0, shown)} keyOf={(row) => rows.indexOf(row)} />
      {rows.length > shown && (
        <button type="button" className="quiet wide" onClick={() => setShown(shown + 10 * ROWS_AT_ONCE)}>
          {t("action.more")}
        </button>
      )}
    </div>
  );
}

function cellText(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

const WIDTH = 600;
const HEIGHT = 160;

function LineChart({ name, points }: { name: string; points: number[] }) {
  const t = useText();
  const least = points.reduce((one, other) => Math.min(one, other));
  const most = points.reduce((one, other) => Math.max(one, other));
  const span = most - least || 1;
  const place = (point: number, index: number) => `${((index / (points.length - 1)) * WIDTH).toFixed(1)},${(HEIGHT - ((point - least) / span) * HEIGHT).toFixed(1)}`;
  return (
    <figure className={styles.chart}>
      <svg viewBox={`-4 -4 ${WIDTH + 8} ${HEIGHT + 8}`} role="img" aria-label={t("result.chartOf", { name, count: points.length, least: number(least), most: number(most) })} preserveAspectRatio="none">
        <polyline points={points.map(place).join(" ")} vectorEffect="non-scaling-stroke" />
      </svg>
      <figcaption className="muted small">{t("result.chartOf", { name, count: points.length, least: number(least), most: number(most) })}</figcaption>
    </figure>
  );
}

/** Drawn on a canvas, since the content security policy lets no page load what is no file of the server. */
function Picture({ name, base64 }: { name: string; base64: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.codePointAt(0) ?? 0);
    void createImageBitmap(new Blob([bytes])).then((bitmap) => {
      if (canvas.current === null) return;
      canvas.current.width = bitmap.width;
      canvas.current.height = bitmap.height;
      canvas.current.getContext("2d")?.drawImage(bitmap, 0, 0);
    });
  }, [base64]);
  return (
    <figure className={styles.chart}>
      <canvas ref={canvas} className={styles.picture} role="img" aria-label={name} />
      <figcaption className="muted small">{name}</figcaption>
    </figure>
  );
}
