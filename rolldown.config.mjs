import { defineConfig } from "rolldown";

/**
 * What runs: each program as one file, beside it what it imports only when needed. Node takes four times as long to
 * load the hundred modules of a client one by one. Not minified: that saves 3 ms, and a stack trace names our code.
 */
export default defineConfig(["server", "client", "cli"].map(program));

function program(name) {
  return {
    input: `packages/${name}/src/main.ts`,
    platform: "node",
    resolve: { conditionNames: ["tutti-source", "node", "import", "default"] },
    // Native code and WebAssembly are found by their place on disk; ws does without the other two.
    external: ["naudiodon", /^@discordjs\/opus/, "libflacjs", "bufferutil", "utf-8-validate"],
    checks: {
      // Who plays no sound may still read its clock from the same package.
      ineffectiveDynamicImport: false,
    },
    // A package that is not found is a warning, and would be missed only when the program runs.
    onLog: (level, log, tell) => tell(level === "warn" ? "error" : level, log),
    output: {
      dir: `packages/${name}/dist/bundle`,
      cleanDir: true,
      // CommonJS: its loader is ready 10 ms before that of ES modules.
      format: "cjs",
      entryFileNames: "main.cjs",
      chunkFileNames: "[name].cjs",
    },
  };
}
