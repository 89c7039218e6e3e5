import { networkInterfaces } from "node:os";
import { performance } from "node:perf_hooks";
import { runningServerConfig, type ServerConfig } from "@tutti/protocol/config";
import type { ServerFacts } from "./core/index.ts";
import { announceableAddresses } from "./discovery/interface-addresses.ts";
import type { LogTail } from "./log-tail.ts";

/** What this process can tell of itself. */
export function factsOf(config: ServerConfig, tail: LogTail): ServerFacts {
  const { stream, control, http } = config.listen;
  return {
    process: () => ({
      nodeVersion: process.version,
      startedAt: Math.round(performance.timeOrigin / 1_000),
      addresses: announceableAddresses(networkInterfaces()).map(({ address }) => address),
      ports: { stream, control, http },
    }),
    config: () => runningServerConfig(config),
    log: (query) => tail.query(query),
  };
}
