import { useEffect, useState } from "react";
import { plainLayoutOf, type Layout, type Shape } from "./layout";

/** Returns where the nodes of a graph are; null while that is worked out, beside the page. */
export function useLayout(shape: Shape): Layout | null {
  const text = JSON.stringify(shape);
  const [found, setFound] = useState<{ text: string; layout: Layout } | null>(null);
  useEffect(() => {
    const asked = JSON.parse(text) as Shape;
    const worker = new Worker(new URL("layout-worker.ts", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }: MessageEvent<Layout>) => setFound({ text, layout: data }));
    worker.addEventListener("error", () => setFound({ text, layout: plainLayoutOf(asked) }));
    worker.postMessage(asked, []);
    return () => worker.terminate();
  }, [text]);
  // What was there before stays until its successor is there, unless it has other nodes.
  const isUsable = found !== null && (found.text === text || found.layout.nodes.length >= shape.count);
  return isUsable ? found.layout : null;
}
