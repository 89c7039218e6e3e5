import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * The native part of @discordjs/opus, as its caller's `require` finds the package. The package itself looks for it through
 * node-pre-gyp, a hundred files that take ten times as long to load (80 ms of a start): so it is looked for
 * here, and by the package only when it lies elsewhere.
 */
export function loadOpus(require: NodeJS.Require): unknown {
  const prebuilt = join(dirname(require.resolve("@discordjs/opus/package.json")), "prebuild");
  const { modules } = process.versions;
  const wanted = `node-v${modules}-napi-v3-${process.platform}-${process.arch}-`;
  try {
    const built = readdirSync(prebuilt).find((name) => name.startsWith(wanted));
    if (built) return require(join(prebuilt, built, "opus.node"));
  } catch {
    // Laid out in another way, or built for another C library: the package knows.
  }
  return require("@discordjs/opus");
}
