import { type IntervalHistogram, monitorEventLoopDelay, performance } from "node:perf_hooks";
import type { ShellFacts } from "./core/index.ts";

/** How often the monitor wants its turn: as often as a chunk goes out. (ms) */
const EVERY_MS = 20;

/** What this process takes of its machine. Watches the event loop only once somebody has asked. */
export class ProcessFacts {
  #delay: IntervalHistogram | undefined;

  take(): Omit<ShellFacts, "controllers" | "unsentBytes"> {
    const { user, system } = process.cpuUsage();
    return {
      nodeVersion: process.version,
      cpuSeconds: (user + system) / 1e6,
      residentBytes: process.memoryUsage.rss(),
      startedAtSeconds: performance.timeOrigin / 1e3,
      loopDelay: this.#takeDelay(),
    };
  }

  #takeDelay(): ShellFacts["loopDelay"] {
    if (!this.#delay) {
      this.#delay = monitorEventLoopDelay({ resolution: EVERY_MS });
      this.#delay.enable();
      return undefined;
    }
    const delay = this.#delay;
    if (delay.count === 0) return undefined;
    const taken = {
      p50Seconds: lateness(delay.percentile(50)),
      p99Seconds: lateness(delay.percentile(99)),
      maxSeconds: lateness(delay.max),
    };
    delay.reset();
    return taken;
  }
}

/** The monitor measures from turn to turn, of which its own waiting is no delay. */
function lateness(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e9 - EVERY_MS / 1e3);
}
