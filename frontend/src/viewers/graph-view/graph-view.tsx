import { useEffect, useMemo, useRef } from "react";
import { useText } from "~/i18n/text";
import { Loading } from "~/ui/states";
import { Drawing, type GraphNode } from "./drawing";
import styles from "./graph-view.module.css";
import type { Layout } from "./layout";
import { neighbour } from "./neighbour";
import { useLayout } from "./use-layout";
import { useListener } from "./use-listener";
import { useView } from "./use-view";
import { centred, drawnRegion, isSeen, ZOOM_READABLE } from "./view-box";

interface GraphViewProps {
  label: string;
  nodes: readonly GraphNode[];
  /** Pairs of places in `nodes`. */
  edges: readonly (readonly [number, number])[];
  selected: string | null;
  onSelect: (name: string) => void;
}

const ZOOM_STEP = 1.3;

/** A graph of up to some thousand nodes: moved by dragging, zoomed by the wheel, walked through by arrow keys. */
export function GraphView(props: GraphViewProps) {
  const layout = useLayout({ count: props.nodes.length, edges: props.edges });
  return <div className={styles.frame}>{layout === null ? <Loading /> : <Shown {...props} layout={layout} />}</div>;
}

function Shown({ label, nodes, edges, selected, onSelect, layout }: GraphViewProps & { layout: Layout }) {
  const t = useText();
  const svg = useRef<SVGSVGElement>(null);
  const { view, screen, setView, zoom, showAll } = useView(layout, svg);
  const region = useStable(drawnRegion(view, screen));
  const place = nodes.findIndex(({ name }) => name === selected);
  const at = place < 0 ? undefined : layout.nodes[place];

  const show = () => at && (!isSeen(view, at, screen) || view.zoom < ZOOM_READABLE) && setView(centred(view, at, screen));
  useWhenChanged(selected, show);

  useListener(svg, "keydown", (event) => {
    const next = neighbour(layout, edges, place, event.key);
    const node = next === null ? undefined : nodes[next];
    if (node === undefined) return;
    event.preventDefault();
    onSelect(node.name);
    requestAnimationFrame(() => svg.current?.querySelector<SVGGElement>(`[data-node="${CSS.escape(node.name)}"]`)?.focus());
  });
  return (
    <>
      <svg ref={svg} className={styles.canvas} role="group" aria-label={label}>
        <g className={styles.moved} transform={`translate(${view.x},${view.y})`}>
          <g transform={`scale(${view.zoom})`}>
            <Drawing layout={layout} nodes={nodes} region={region} isReadable={view.zoom >= ZOOM_READABLE} selected={selected} onSelect={onSelect} />
          </g>
        </g>
      </svg>
      <div className={styles.tools}>
        <FindNode nodes={nodes} onSelect={onSelect} />
        <button type="button" aria-label={t("graph.larger")} onClick={() => zoom(ZOOM_STEP)}>
          +
        </button>
        <button type="button" aria-label={t("graph.smaller")} onClick={() => zoom(1 / ZOOM_STEP)}>
          −
        </button>
        <button type="button" onClick={showAll}>
          {t("graph.whole")}
        </button>
      </div>
    </>
  );
}

function FindNode({ nodes, onSelect }: Pick<GraphViewProps, "nodes" | "onSelect">) {
  const t = useText();
  const find = (text: string) => {
    const wanted = text.trim().toLowerCase();
    const found = nodes.find(({ name }) => name.toLowerCase() === wanted) ?? nodes.find(({ name }) => name.toLowerCase().includes(wanted));
    if (wanted !== "" && found) onSelect(found.name);
  };
  return (
    <input
      type="search" className={styles.find} aria-label={t("graph.find")} placeholder={t("graph.find")}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter") find(event.currentTarget.value);
      }}
    />
  );
}

function useStable<T>(value: T): T {
  const text = JSON.stringify(value);
  return useMemo(() => JSON.parse(text) as T, [text]);
}

function useWhenChanged(value: string | null, act: () => void): void {
  const last = useRef(value);
  useEffect(() => {
    if (last.current === value) return;
    last.current = value;
    act();
  });
}
