import { spawnSync } from "node:child_process";
import type { Command } from "commander";
import { EXIT_FAILED } from "./exit-codes.ts";
import { programPath } from "./installation.ts";

/**
 * Listing loads the sound library, which opens every device and may end its process doing so; the
 * client does it in its own.
 */
export function addDevicesVerb(program: Command): void {
  program
    .command("devices")
    .description("the sound cards that a client can play through")
    .action(() => {
      const { status } = spawnSync(process.execPath, [programPath("client"), "--list-devices"], {
        stdio: "inherit",
      });
      process.exitCode = status ?? EXIT_FAILED;
    });
}
