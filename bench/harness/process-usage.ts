import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** What a process has used since it started, all its threads together. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly residentMiB: number;
  readonly atMs: number;
}

const TICKS_PER_SECOND = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name in parentheses may hold spaces; utime and stime are the 14th and 15th field of all.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return {
    cpuSeconds: ticks / TICKS_PER_SECOND,
    residentMiB: Number(kib) / 1024,
    atMs: performance.now(),
  };
}

/** Share of one core between two readings, in percent. */
export function cpuPercent(before: Usage, after: Usage): number {
  return (100_000 * (after.cpuSeconds - before.cpuSeconds)) / (after.atMs - before.atMs);
}
