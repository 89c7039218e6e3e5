import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Tests run from the TypeScript sources of every package, so none can pass against a stale build. */
const fromSources = {
  resolve: { conditions: ["tutti-source"] },
  ssr: { resolve: { conditions: ["tutti-source"] } },
};

/**
 * What scenarios live through comes from a bundle that was made a moment before: vitest's own way to modules makes each call
 * from one to another a look-up, and reads and transforms a hundred of them for each file.
 */
const SIMULATION = fileURLToPath(
  new URL("packages/simulation/dist/bundle/index.js", import.meta.url),
);

/** Recordings judged frame by frame, in real time: nothing else runs beside these. */
const HEARD = [
  ...["audio", "client", "client-card", "link", "live-writer", "server", "two-rooms", "up"],
].map((name) => `test/e2e/${name}.test.ts`);

const realProcesses = {
  testTimeout: 120_000,
  hookTimeout: 120_000,
  fileParallelism: false,
  globalSetup: ["test/e2e/harness/build.ts"],
};

export default defineConfig({
  test: {
    projects: [
      {
        ...fromSources,
        test: {
          name: "unit",
          // Minutes of virtual time take a busy machine longer than the 5 s that are the default.
          testTimeout: 60_000,
          include: ["packages/*/src/**/*.test.ts", "packages/protocol/test/**/*.test.ts"],
        },
      },
      {
        ...fromSources,
        resolve: { ...fromSources.resolve, alias: { "../src/index.ts": SIMULATION } },
        test: {
          name: "simulation",
          include: ["packages/simulation/test/**/*.test.ts"],
          testTimeout: 120_000,
          globalSetup: ["packages/simulation/test/bundle.ts"],
          server: { deps: { external: [/simulation.dist.bundle/] } },
        },
      },
      {
        test: {
          name: "tools",
          include: ["tools/**/*.test.ts", "bench/**/*.test.ts"],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          ...realProcesses,
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          exclude: HEARD,
        },
      },
      { test: { ...realProcesses, name: "heard", include: HEARD } },
    ],
  },
});
