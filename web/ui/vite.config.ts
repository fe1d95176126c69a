import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const ENGINE = "http://127.0.0.1:8000";
const OURS = [
  "/auth",
  "/api",
  "/udf",
  "/preferences",
  "/watchlists",
  "/admin",
  "/users",
  "/jobs",
  "/exchange",
  "/instruments",
];

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": "/src" } },
  build: {
    target: "es2022",
    // An inlined file would be a data: address, which the policy of our pages refuses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // `npm run dev` beside a running engine.
  server: {
    proxy: { "/ws": { target: ENGINE, ws: true }, ...Object.fromEntries(OURS.map((path) => [path, ENGINE])) },
  },
  // A browser is made only for the tests of components: it takes longer to start than most tests to run.
  test: {
    restoreMocks: true,
    projects: [
      { extends: true, test: { name: "pure", include: ["src/**/*.test.ts"] } },
      { extends: true, test: { name: "page", include: ["src/**/*.test.tsx"], environment: "jsdom" } },
    ],
  },
});
