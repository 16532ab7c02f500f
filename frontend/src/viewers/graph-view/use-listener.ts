import { useEffect, useEffectEvent, type RefObject } from "react";

/**
 * Listens at a drawing itself. React's handlers say of an element that it is a control, which a drawing around
 * controls is not, and they listen passively to the wheel, so that the page would scroll as well.
 */
export function useListener<Kind extends keyof SVGElementEventMap>(element: RefObject<SVGSVGElement | null>, kind: Kind, listener: (event: SVGElementEventMap[Kind], svg: SVGSVGElement) => void): void {
  const newest = useEffectEvent(listener);
  useEffect(() => {
    const svg = element.current;
    if (svg === null) return;
    const listen = (event: SVGElementEventMap[Kind]) => newest(event, svg);
    svg.addEventListener(kind, listen, { passive: false });
    return () => svg.removeEventListener(kind, listen);
  }, [element, kind]);
}
