import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
/** What the child processes of some tests import is not in the programs' bundles. */
const COMPILE = ["node_modules/typescript/bin/tsc", "-b", "packages/server", "packages/client"];
const BUNDLE = ["node_modules/rolldown/bin/cli.mjs", "-c"];

/** Before any test, so that none can pass against a stale build. */
export function setup(): void {
  for (const words of [COMPILE, BUNDLE]) {
    execFileSync(process.execPath, words, { cwd: ROOT, stdio: "inherit" });
  }
}
