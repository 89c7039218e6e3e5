import { spawnSync } from "node:child_process";
import { EXIT_FAILED } from "./exit-codes.ts";
import { programPath } from "./installation.ts";

/**
 * `tutti devices`. Listing loads the sound library, which opens every device and may end its process
 * doing so; the client does it in its own.
 */
export function listDevices(): void {
  const { status } = spawnSync(process.execPath, [programPath("client"), "--list-devices"], {
    stdio: "inherit",
  });
  process.exitCode = status ?? EXIT_FAILED;
}
