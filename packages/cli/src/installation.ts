import { fileURLToPath } from "node:url";

/** Where a daemon lies, seen from this program's own bundle: the packages stay beside each other when installed. */
export function programPath(name: "server" | "client"): string {
  return fileURLToPath(new URL(`../../../${name}/dist/bundle/main.cjs`, import.meta.url));
}
