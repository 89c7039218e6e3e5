import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Where the program of a sibling package lies: the packages stay beside each other when installed. */
export function programPath(name: "server" | "client"): string {
  return fileURLToPath(new URL(`../../${name}/dist/main.js`, import.meta.url));
}

export function version(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
