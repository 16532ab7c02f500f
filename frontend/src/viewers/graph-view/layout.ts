import { Graph, layout } from "@dagrejs/dagre";

/** How large every node is drawn, in pixels at zoom 1. */
export const NODE = { width: 176, height: 46 } as const;
const BETWEEN_LAYERS = 56;
const BETWEEN_NODES = 18;
const EDGE_SEPARATION = 8;

/** Where everything is, in pixels at zoom 1: the middle of each node, and the points of each edge. */
export interface Layout {
  width: number;
  height: number;
  nodes: { x: number; y: number }[];
  edges: { x: number; y: number }[][];
}

/** What depends on what: so many nodes, and pairs of their places for the edges between them. */
export interface Shape {
  count: number;
  edges: readonly (readonly [number, number])[];
}

/** Places the nodes of a graph in layers from left to right. Takes about a second for 2,000: call it in a worker. */
export function layoutOf({ count, edges }: Shape): Layout {
  const graph = new Graph({ multigraph: false });
  graph.setGraph({ rankdir: "LR", ranker: "tight-tree", ranksep: BETWEEN_LAYERS, nodesep: BETWEEN_NODES, edgesep: EDGE_SEPARATION });
  graph.setDefaultEdgeLabel(() => ({}));
  for (let place = 0; place < count; place += 1) graph.setNode(String(place), { ...NODE });
  for (const [from, to] of edges) graph.setEdge(String(from), String(to));
  layout(graph);
  return read(graph, { count, edges });
}

/** Places the same nodes as they stand in their layers, without much care for crossings; for when there is no worker. */
export function plainLayoutOf({ count, edges }: Shape): Layout {
  const layers = layersOf({ count, edges });
  const used: number[] = [];
  const nodes = layers.map((layer) => {
    const row = used[layer] ?? 0;
    used[layer] = row + 1;
    return { x: layer * (NODE.width + BETWEEN_LAYERS) + NODE.width / 2, y: row * (NODE.height + BETWEEN_NODES) + NODE.height / 2 };
  });
  const width = used.length * (NODE.width + BETWEEN_LAYERS);
  const height = Math.max(1, ...used) * (NODE.height + BETWEEN_NODES);
  return { width, height, nodes, edges: edges.map(([from, to]) => between(nodes[from], nodes[to])) };
}

function read(graph: Graph, { count, edges }: Shape): Layout {
  const size = graph.graph() as { width?: number; height?: number };
  const nodes = Array.from({ length: count }, (_, place) => {
    const { x, y } = graph.node(String(place)) as { x: number; y: number };
    return { x, y };
  });
  const lines = edges.map(([from, to]) => {
    const { points } = graph.edge(String(from), String(to)) as { points?: { x: number; y: number }[] };
    return points ?? between(nodes[from], nodes[to]);
  });
  return { width: size.width ?? NODE.width, height: size.height ?? NODE.height, nodes, edges: lines };
}

function layersOf({ count, edges }: Shape): number[] {
  const layers = Array<number>(count).fill(0);
  // Each round settles one layer more; a circle, which a draft may have, ends the rounds as well.
  for (let round = 0; round < count; round += 1) {
    let isChanged = false;
    for (const [from, to] of edges) {
      const least = (layers[from] ?? 0) + 1;
      if ((layers[to] ?? 0) >= least || least >= count) continue;
      layers[to] = least;
      isChanged = true;
    }
    if (!isChanged) break;
  }
  return layers;
}

type Point = { x: number; y: number };

function between(from: Point | undefined, to: Point | undefined): Point[] {
  if (from === undefined || to === undefined) return [];
  return [{ x: from.x + NODE.width / 2, y: from.y }, { x: to.x - NODE.width / 2, y: to.y }];
}
