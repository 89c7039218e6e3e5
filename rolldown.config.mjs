import { spawnSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { defineConfig } from "rolldown";

/**
 * What runs: each program as one file, beside it what it imports only when needed. Node takes four times as long to
 * load the hundred modules of a client one by one. Not minified: that saves 3 ms, and a stack trace names our code.
 */
export default defineConfig(["server", "client", "cli"].map(program));

function program(name) {
  const launched = name === "server";
  return {
    plugins: launched ? [launcher(name)] : [],
    input: `packages/${name}/src/main.ts`,
    platform: "node",
    resolve: { conditionNames: ["tutti-source", "node", "import", "default"] },
    // Native code and WebAssembly are found by their place on disk; ws does without the other two.
    external: [
      ...[/^naudiodon/, /^@discordjs\/opus/, "libflacjs", "bufferutil", "utf-8-validate"],
      ...["mqtt"].filter(isMissing),
    ],
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
      // What V8 kept of a program (launch.cjs) cannot import, but require.
      dynamicImportInCjs: false,
      entryFileNames: launched ? "program.cjs" : "main.cjs",
      chunkFileNames: "[name].cjs",
    },
  };
}

/** Puts what is run beside the program, and lets it keep what V8 makes of that. */
function launcher(name) {
  return {
    name: "launcher",
    writeBundle({ dir }) {
      const main = join(dir, "main.cjs");
      copyFileSync(`packages/${name}/src/launch.cjs`, main);
      const env = { ...process.env, TUTTI_KEEP_COMPILED: "yes" };
      // Where this fails, the program starts as it would without.
      spawnSync(process.execPath, [main, "--check-config"], { env, stdio: "ignore" });
    },
  };
}

/** Of the server's optional packages, those left out of this installation: who needs one is told when it runs. */
function isMissing(name) {
  try {
    createRequire(new URL("packages/server/package.json", import.meta.url)).resolve(name);
    return false;
  } catch (error) {
    if (error.code !== "MODULE_NOT_FOUND") throw error;
    return true;
  }
}
