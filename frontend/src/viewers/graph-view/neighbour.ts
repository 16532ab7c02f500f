import type { Layout } from "./layout";

/** Returns the node that an arrow key leads to: along an edge, or to the next one above or below; null if to none. */
export function neighbour(layout: Layout, edges: readonly (readonly [number, number])[], place: number, key: string): number | null {
  if (key === "ArrowRight") return nearest(layout, place, edges.filter(([from]) => from === place).map(([, to]) => to));
  if (key === "ArrowLeft") return nearest(layout, place, edges.filter(([, to]) => to === place).map(([from]) => from));
  if (key !== "ArrowDown" && key !== "ArrowUp") return null;
  const here = layout.nodes[place];
  if (here === undefined) return layout.nodes.length > 0 ? 0 : null;
  const sign = key === "ArrowDown" ? 1 : -1;
  const beyond = [...layout.nodes.keys()].filter((each) => ((layout.nodes[each]?.y ?? 0) - here.y) * sign > 1);
  return nearest(layout, place, beyond);
}

function nearest(layout: Layout, place: number, choices: number[]): number | null {
  const here = layout.nodes[place];
  if (here === undefined) return null;
  const distance = (each: number) => {
    const there = layout.nodes[each];
    return there === undefined ? Number.POSITIVE_INFINITY : Math.hypot(there.x - here.x, there.y - here.y);
  };
  return choices.reduce<number | null>((best, each) => (best === null || distance(each) < distance(best) ? each : best), null);
}
