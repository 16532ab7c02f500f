import { expect, test } from "vitest";
import { layoutOf, plainLayoutOf } from "./layout";
import { neighbour } from "./neighbour";
import { centred, curve, drawnRegion, isSeen, nodesIn, whole, zoomed } from "./view-box";

const SCREEN = { width: 800, height: 400 };
const CHAIN = { count: 3, edges: [[0, 1], [1, 2]] as [number, number][] };

test("a graph is laid out from left to right", () => {
  const { nodes, edges, width } = layoutOf(CHAIN);
  expect(nodes.map(({ x }) => x)).toEqual(nodes.map(({ x }) => x).toSorted((one, other) => one - other));
  expect(edges).toHaveLength(2);
  expect(width).toBeGreaterThan(nodes[2]?.x ?? Number.NaN);
});

test("a circle, which a draft may have, is laid out as well", () => {
  expect(plainLayoutOf({ count: 2, edges: [[0, 1], [1, 0]] }).nodes).toHaveLength(2);
  expect(layoutOf({ count: 2, edges: [[0, 1], [1, 0]] }).nodes).toHaveLength(2);
});

test("the whole is seen, and never larger than life", () => {
  expect(whole({ width: 100, height: 50 }, SCREEN).zoom).toBe(1);
  const view = whole({ width: 8_000, height: 50 }, SCREEN);
  expect(view.zoom * 8_000).toBeLessThanOrEqual(SCREEN.width);
});

test("zooming leaves the point under the pointer where it is", () => {
  const view = zoomed({ x: 10, y: 20, zoom: 1 }, 0.5, { x: 110, y: 220 });
  expect(view).toEqual({ x: 60, y: 120, zoom: 0.5 });
});

test("what is centred is seen, and what is drawn is all that is seen", () => {
  const layout = plainLayoutOf({ count: 500, edges: [] });
  const point = layout.nodes[400] ?? { x: 0, y: 0 };
  const view = centred({ x: 0, y: 0, zoom: 0.1 }, point, SCREEN);
  expect(isSeen(view, point, SCREEN)).toBe(true);
  const drawn = nodesIn(layout, drawnRegion(view, SCREEN));
  const seen = layout.nodes.flatMap((at, place) => (isSeen(view, at, SCREEN) ? [place] : []));
  expect(seen.length).toBeGreaterThan(1);
  expect(drawn).toEqual(expect.arrayContaining(seen));
  expect(drawn.length).toBeLessThan(60);
});

test("arrow keys follow edges", () => {
  const layout = layoutOf(CHAIN);
  expect(neighbour(layout, CHAIN.edges, 0, "ArrowRight")).toBe(1);
  expect(neighbour(layout, CHAIN.edges, 2, "ArrowLeft")).toBe(1);
  expect(neighbour(layout, CHAIN.edges, 2, "ArrowRight")).toBeNull();
  expect(neighbour(layout, CHAIN.edges, 2, "a")).toBeNull();
});

test("an edge is one line through its points", () => {
  expect(curve([{ x: 0, y: 0 }, { x: 10, y: 4 }])).toBe("M0,0C5,0 5,4 10,4");
});
