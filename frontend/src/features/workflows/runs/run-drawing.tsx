import { useMemo } from "react";
import { useText, type TextOf } from "~/i18n/text";
import type { GraphNode } from "~/viewers/graph-view/drawing";
import { GraphView } from "~/viewers/graph-view/graph-view";
import type { RunGraph, RunNode } from "./run-queries";
import styles from "./runs.module.css";

interface RunDrawingProps {
  graph: RunGraph;
  selected: string | null;
  onSelect: (name: string) => void;
}

/** The graph of a run, with how many of its tasks are in which state. */
export function RunDrawing({ graph, selected, onSelect }: RunDrawingProps) {
  const t = useText();
  const nodes = useDrawnNodes(graph.nodes, t);
  return (
    <>
      <Counts graph={graph} />
      <div className={styles.canvas}>
        <GraphView label={t("runs.graph")} nodes={nodes} edges={graph.edges} selected={selected} onSelect={onSelect} />
      </div>
    </>
  );
}

/** Returns nodes for drawing; of a task that is as it was the same object, which is not drawn anew. */
function useDrawnNodes(nodes: readonly RunNode[], t: TextOf): GraphNode[] {
  return useMemo(() => {
    const known = drawnIn(t);
    return nodes.map((node) => {
      const made = known.get(node) ?? drawn(node, t);
      known.set(node, made);
      return made;
    });
  }, [nodes, t]);
}

const drawnNodes = new WeakMap<TextOf, WeakMap<RunNode, GraphNode>>();

/** Returns what is drawn of nodes in a language. Nodes that nothing was told of are the same objects as before. */
function drawnIn(t: TextOf): WeakMap<RunNode, GraphNode> {
  const known = drawnNodes.get(t) ?? new WeakMap<RunNode, GraphNode>();
  drawnNodes.set(t, known);
  return known;
}

function drawn({ name, status, total, completed, failed }: RunNode, t: TextOf): GraphNode {
  const state = t(`runs.task.${status}`);
  const isMapped = total !== null && total !== 1;
  const detail = isMapped ? `${state} · ${completed + failed}/${total}` : state;
  return { name, status, detail, label: `${name}, ${detail}` };
}

function Counts({ graph }: { graph: RunGraph }) {
  const t = useText();
  const counts = [...Map.groupBy(graph.nodes, ({ status }) => status)].map(([status, nodes]) => ({ status, count: nodes.length }));
  return (
    <ul className={styles.counts} aria-label={t("runs.counts")}>
      {counts.map(({ status, count }) => (
        <li key={status} data-state={status}>
          {t(`runs.task.${status}`)} <strong>{count}</strong>
        </li>
      ))}
    </ul>
  );
}
