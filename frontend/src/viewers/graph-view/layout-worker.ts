import { layoutOf, type Shape } from "./layout";

addEventListener("message", ({ data }: MessageEvent<Shape>) => postMessage(layoutOf(data)));
