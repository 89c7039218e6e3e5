import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const BUNDLE = [
  "node_modules/rolldown/bin/cli.mjs",
  "-c",
  "packages/simulation/rolldown.config.mjs",
];

/** Before any scenario, so that none can pass against a stale build. */
export function setup(): void {
  execFileSync(process.execPath, BUNDLE, { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"] });
}
