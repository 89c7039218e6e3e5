import { defineConfig } from "rolldown";

/**
 * The simulation with all that it drives in one file, for `./tutti simulate` and for the scenarios: there is nothing
 * to compile or to transform module by module, and calls within one module are the quicker ones.
 */
export default defineConfig({
  input: { main: "packages/simulation/src/main.ts", index: "packages/simulation/src/index.ts" },
  platform: "node",
  resolve: { conditionNames: ["tutti-source", "node", "import", "default"] },
  // A package that is not found is a warning, and would be missed only when it runs.
  onLog: (level, log, tell) => tell(level === "warn" ? "error" : level, log),
  // Whoever runs it meanwhile finds what it was made of in the same place.
  output: { dir: "packages/simulation/dist/bundle", chunkFileNames: "[name].js", format: "esm" },
});
