import type { ShellReport } from "./core/index.ts";

/** What this process takes of its machine, from one asking to the next. */
export class ProcessUsage {
  #cpu = process.cpuUsage();
  #at = performance.now();

  take(): Pick<ShellReport, "rssMb" | "cpuPercent" | "uptimeSeconds"> {
    const at = performance.now();
    const { user, system } = process.cpuUsage(this.#cpu);
    const elapsedUs = Math.max(1, (at - this.#at) * 1_000);
    this.#cpu = process.cpuUsage();
    this.#at = at;
    return {
      rssMb: process.memoryUsage.rss() / 1_000_000,
      cpuPercent: (100 * (user + system)) / elapsedUs,
      uptimeSeconds: process.uptime(),
    };
  }
}
