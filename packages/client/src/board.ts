import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { BoardFacts } from "./core/index.ts";

const run = promisify(execFile);
/** `iw` asks the kernel and is done at once. */
const IW_MS_MAX = 2_000;

/** Looks at this machine, as far as Linux tells; `root` is where its /proc and /sys are. */
export async function readBoard(root = "/"): Promise<BoardFacts> {
  const policy = join(root, "sys/devices/system/cpu/cpu0/cpufreq");
  return {
    memoryMb: memoryMbOf(textOf(join(root, "proc/meminfo"))),
    cores: availableParallelism(),
    governor: textOf(join(policy, "scaling_governor")),
    governorDriver: textOf(join(policy, "scaling_driver")),
    sleepyInterfaces: await sleepyAmong(wirelessIn(join(root, "sys/class/net"))),
    usbSound: /USB-Audio/.test(textOf(join(root, "proc/asound/cards")) ?? ""),
  };
}

function memoryMbOf(text: string | undefined): number | undefined {
  const [, kilobytes] = /^MemTotal:\s+(\d+) kB/m.exec(text ?? "") ?? [];
  return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 1_024);
}

/** Those that are up. */
function wirelessIn(folder: string): string[] {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.filter(
    (name) =>
      existsSync(join(folder, name, "phy80211")) &&
      textOf(join(folder, name, "operstate")) === "up",
  );
}

/** Only the kernel's own interface tells, which `iw` speaks; without that it is not known. */
async function sleepyAmong(names: readonly string[]): Promise<string[]> {
  const asked = names.map(async (name) => {
    const { stdout } = await run("iw", ["dev", name, "get", "power_save"], { timeout: IW_MS_MAX });
    return /Power save: on/.test(stdout) ? [name] : [];
  });
  const answers = await Promise.allSettled(asked);
  return answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
}

/** Its only line, mostly; undefined where there is no such file. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    // Not Linux, or a kernel built without it.
    return undefined;
  }
}
