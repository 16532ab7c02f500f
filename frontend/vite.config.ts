import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { compiledMessages } from "./build-tools/compiled-messages.ts";
import { gatheredFiles } from "./build-tools/gathered-files.ts";

const source = (path: string) => new URL(`./src/${path}`, import.meta.url).pathname;
const FIRST_PAGE = { start: source("main.tsx"), overview: source("features/statistics/overview-page.tsx") };
const server = process.env.SATELLITE_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
  base: "/dashboard/",
  plugins: [compiledMessages(), react()],
  resolve: { alias: { "~": new URL("./src", import.meta.url).pathname } },
  build: {
    outDir: process.env.CONSOLE_OUT ?? "dist",
    emptyOutDir: true,
    manifest: "manifest.json",
    target: "es2023",
    // The content security policy allows files of this server only, and no `data:` address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { output: { codeSplitting: { groups: gatheredFiles(FIRST_PAGE) } } },
  },
  worker: { format: "es" },
  server: { proxy: { "/api": { target: server, ws: true }, "/openapi.json": server, "/docs": server } },
  test: { environment: "happy-dom", isolate: false, include: ["src/**/*.test.{ts,tsx}"], setupFiles: ["src/testing/setup.ts"] },
} as Parameters<typeof defineConfig>[0]);
