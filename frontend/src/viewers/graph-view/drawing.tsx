import { memo, useMemo } from "react";
import styles from "./graph-view.module.css";
import { NODE, type Layout } from "./layout";
import { edgesIn, nodesIn, type Region } from "./view-box";

/** A node as it is drawn. */
export interface GraphNode {
  name: string;
  /** What colours it. */
  status: string;
  /** The second line. */
  detail: string;
  /** What it is called in full, with its state. */
  label: string;
  isFaulty?: boolean;
}

interface DrawingProps {
  layout: Layout;
  nodes: readonly GraphNode[];
  region: Region;
  isReadable: boolean;
  selected: string | null;
  onSelect: (name: string) => void;
}

/** All that is seen of a graph; moving it draws nothing of this anew. */
export const Drawing = memo(function Drawing(props: DrawingProps) {
  return props.isReadable ? <Readable {...props} /> : <Overview {...props} />;
});

function Readable({ layout, nodes, region, selected, onSelect }: DrawingProps) {
  const seen = useMemo(() => nodesIn(layout, region), [layout, region]);
  const edges = useMemo(() => edgesIn(layout, region), [layout, region]);
  const entered = selected ?? nodes[0]?.name;
  return (
    <>
      <path className={styles.edges} d={edges} />
      {seen.map((place) => {
        const node = nodes[place];
        const at = layout.nodes[place];
        if (node === undefined || at === undefined) return null;
        return <NodeShape key={node.name} node={node} x={at.x} y={at.y} isSelected={node.name === selected} isEntered={node.name === entered} onSelect={onSelect} />;
      })}
    </>
  );
}

/** From afar: one shape for all nodes of a state. */
function Overview({ layout, nodes, selected }: DrawingProps) {
  const edges = useMemo(() => layout.edges.map((points) => line(points)).join(""), [layout]);
  const shapes = useMemo(() => {
    const byStatus = Map.groupBy(nodes.keys(), (place) => nodes[place]?.status ?? "");
    return [...byStatus].map(([status, places]) => ({ status, outline: places.map((place) => box(layout.nodes[place])).join("") }));
  }, [layout, nodes]);
  const place = nodes.findIndex(({ name }) => name === selected);
  return (
    <>
      <path className={`${styles.edges} ${styles.faint}`} d={edges} />
      {shapes.map(({ status, outline }) => (
        <path key={status} className={styles.block} data-status={status} d={outline} />
      ))}
      {place >= 0 && <path className={styles.blockSelected} d={box(layout.nodes[place])} />}
    </>
  );
}

interface NodeShapeProps {
  node: GraphNode;
  x: number;
  y: number;
  isSelected: boolean;
  /** Whether it is the one that the Tab key comes to. */
  isEntered: boolean;
  onSelect: (name: string) => void;
}

const NodeShape = memo(function NodeShape({ node, x, y, isSelected, isEntered, onSelect }: NodeShapeProps) {
  return (
    <g
      className={styles.node} transform={`translate(${x - NODE.width / 2},${y - NODE.height / 2})`} role="button" tabIndex={isEntered ? 0 : -1}
      aria-pressed={isSelected} data-node={node.name} data-status={node.status} data-faulty={node.isFaulty || undefined}
      onClick={() => onSelect(node.name)}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        onSelect(node.name);
      }}
    >
      {/* The name of the control as well as what hovering tells: what is drawn may be shortened. */}
      <title>{node.label}</title>
      <rect className={styles.box} width={NODE.width} height={NODE.height} rx={10} />
      <rect className={styles.state} x={7} y={8} width={4} height={NODE.height - 16} rx={2} />
      <text x={19} y={20} className={styles.name}>
        {shortened(node.name)}
      </text>
      <text x={19} y={36} className={styles.detail}>
        {shortened(node.detail)}
      </text>
    </g>
  );
});

const LETTERS_MAX = 21;

function shortened(text: string): string {
  return text.length > LETTERS_MAX ? `${text.slice(0, LETTERS_MAX - 1)}…` : text;
}

function box(at: { x: number; y: number } | undefined): string {
  return at === undefined ? "" : `M${at.x - NODE.width / 2},${at.y - NODE.height / 2}h${NODE.width}v${NODE.height}h${-NODE.width}z`;
}

function line(points: readonly { x: number; y: number }[]): string {
  return points.map(({ x, y }, index) => `${index === 0 ? "M" : "L"}${Math.round(x)},${Math.round(y)}`).join("");
}
