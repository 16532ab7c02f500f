import { NODE, type Layout } from "./layout";

/** What part of a drawing is seen: its place on the screen, and how large one pixel of it is. */
export interface View {
  x: number;
  y: number;
  zoom: number;
}

export interface Size {
  width: number;
  height: number;
}

/** A part of a drawing, in its own pixels. */
export interface Region {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export const ZOOM_MIN = 0.02;
export const ZOOM_MAX = 2;
/** Below this nodes are too small to be read, and are drawn as one shape for each state. */
export const ZOOM_READABLE = 0.3;
const MARGIN = 40;
const STEP = 600;

/** Returns the view in which all of a drawing is seen, never larger than life. */
export function whole(layout: Size, screen: Size): View {
  const fit = Math.min((screen.width - MARGIN) / layout.width, (screen.height - MARGIN) / layout.height, 1);
  const zoom = Math.max(ZOOM_MIN, fit);
  return { zoom, x: (screen.width - layout.width * zoom) / 2, y: (screen.height - layout.height * zoom) / 2 };
}

/** Returns a view with another zoom that leaves one point of the screen where it is. */
export function zoomed(view: View, factor: number, at: { x: number; y: number }): View {
  const zoom = Math.min(ZOOM_MAX, Math.max(ZOOM_MIN, view.zoom * factor));
  const grown = zoom / view.zoom;
  return { zoom, x: at.x - (at.x - view.x) * grown, y: at.y - (at.y - view.y) * grown };
}

/** Returns the view that has a point of the drawing in its middle, large enough to be read. */
export function centred(view: View, point: { x: number; y: number }, screen: Size): View {
  const zoom = Math.max(view.zoom, 0.8);
  return { zoom, x: screen.width / 2 - point.x * zoom, y: screen.height / 2 - point.y * zoom };
}

/** Tells whether a node is seen as a whole. */
export function isSeen(view: View, point: { x: number; y: number }, screen: Size): boolean {
  const left = (point.x - NODE.width / 2) * view.zoom + view.x;
  const top = (point.y - NODE.height / 2) * view.zoom + view.y;
  return left >= 0 && top >= 0 && left + NODE.width * view.zoom <= screen.width && top + NODE.height * view.zoom <= screen.height;
}

/** Returns what is drawn: what is seen and some around it, in steps, so that moving a little draws nothing anew. */
export function drawnRegion(view: View, screen: Size): Region {
  const down = (value: number) => Math.floor(value / STEP) * STEP;
  const left = -view.x / view.zoom;
  const top = -view.y / view.zoom;
  return {
    left: down(left - STEP / 2),
    top: down(top - STEP / 2),
    right: down(left + screen.width / view.zoom + STEP * 1.5),
    bottom: down(top + screen.height / view.zoom + STEP * 1.5),
  };
}

/** Returns the places of the nodes within a region. */
export function nodesIn(layout: Layout, region: Region): number[] {
  const found: number[] = [];
  for (const [place, { x, y }] of layout.nodes.entries()) if (x >= region.left && x <= region.right && y >= region.top && y <= region.bottom) found.push(place);
  return found;
}

/** Returns the outline of the edges that may be seen in a region. */
export function edgesIn(layout: Layout, region: Region): string {
  return layout.edges.filter((points) => touches(points, region)).map(curve).join("");
}

/** Returns a line through points, round at its bends. */
export function curve(points: readonly { x: number; y: number }[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return "";
  let path = `M${round(first.x)},${round(first.y)}`;
  let from = first;
  for (const to of rest) {
    const half = (from.x + to.x) / 2;
    path += `C${round(half)},${round(from.y)} ${round(half)},${round(to.y)} ${round(to.x)},${round(to.y)}`;
    from = to;
  }
  return path;
}

function touches(points: readonly { x: number; y: number }[], region: Region): boolean {
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  return Math.max(...xs) >= region.left && Math.min(...xs) <= region.right && Math.max(...ys) >= region.top && Math.min(...ys) <= region.bottom;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
