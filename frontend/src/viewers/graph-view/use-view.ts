import { useEffect, useRef, useState, type RefObject } from "react";
import type { Layout } from "./layout";
import { useListener } from "./use-listener";
import { whole, zoomed, type Size, type View } from "./view-box";

const WHEEL_SPEED = 0.0016;
const IS_DRAG_PX = 4;

/** What part of a drawing is seen, as dragging, the wheel and buttons say; all of it, until somebody says so. */
export function useView(layout: Layout, element: RefObject<SVGSVGElement | null>) {
  const screen = useSize(element);
  const [chosen, setView] = useState<View | null>(null);
  const view = chosen ?? whole(layout, screen);
  const drag = useRef<{ x: number; y: number; from: View; isMoved: boolean } | null>(null);

  useListener(element, "wheel", (event, svg) => {
    event.preventDefault();
    const { left, top } = svg.getBoundingClientRect();
    setView(zoomed(view, Math.exp(-event.deltaY * WHEEL_SPEED), { x: event.clientX - left, y: event.clientY - top }));
  });
  useListener(element, "pointerdown", (event) => {
    if (event.button === 0) drag.current = { x: event.clientX, y: event.clientY, from: view, isMoved: false };
  });
  useListener(element, "pointermove", (event, svg) => {
    const start = drag.current;
    if (start === null) return;
    const [dx, dy] = [event.clientX - start.x, event.clientY - start.y];
    if (!start.isMoved && Math.hypot(dx, dy) < IS_DRAG_PX) return;
    if (!start.isMoved) svg.setPointerCapture(event.pointerId);
    start.isMoved = true;
    setView({ ...start.from, x: start.from.x + dx, y: start.from.y + dy });
  });
  const drop = () => void (drag.current = null);
  useListener(element, "pointerup", drop);
  useListener(element, "pointercancel", drop);
  const zoom = (factor: number) => setView(zoomed(view, factor, { x: screen.width / 2, y: screen.height / 2 }));
  return { view, screen, setView, zoom, showAll: () => setView(null) };
}

function useSize(element: RefObject<Element | null>): Size {
  const [size, setSize] = useState<Size>({ width: 900, height: 480 });
  useEffect(() => {
    if (element.current === null) return;
    const observer = new ResizeObserver(([entry]) => {
      const { width = 0, height = 0 } = entry?.contentRect ?? {};
      if (width > 0 && height > 0) setSize({ width, height });
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return size;
}
