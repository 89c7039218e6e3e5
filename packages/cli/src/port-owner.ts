import { spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { readText } from "./read-text.ts";
import type { Ports } from "./up-plan.ts";

export interface TakenPort {
  readonly flag: string;
  readonly port: number;
  /** Like "snapserver (process 123)"; nothing when it belongs to another user and we are not root. */
  readonly owner: string | undefined;
}

/** Those of the ports that cannot be listened at. */
export async function findTaken(ports: Ports): Promise<TakenPort[]> {
  const found: TakenPort[] = [];
  for (const [flag, port] of Object.entries(ports)) {
    if (await isTaken(port)) found.push({ flag, port, owner: ownerOf(port) });
  }
  return found;
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "EADDRINUSE"));
    probe.listen({ port }, () => probe.close(() => resolve(false)));
  });
}

interface Owner {
  readonly name: string;
  readonly pid: string;
}

function ownerOf(port: number): string | undefined {
  const { stdout } = spawnSync("ss", ["-Hltnp", `sport = :${port}`], { encoding: "utf8" });
  const owner = parseSocketOwner(stdout ?? "") ?? ownerByLsof(port);
  if (owner === undefined) return undefined;
  const words = readText(`/proc/${owner.pid}/cmdline`)?.split("\0") ?? [];
  const ours = words.some((word) => word.endsWith("server/dist/bundle/main.cjs"));
  return `${ours ? "another Tutti server" : owner.name} (process ${owner.pid})`;
}

function ownerByLsof(port: number): Owner | undefined {
  const { stdout } = spawnSync("lsof", ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fpc"], {
    encoding: "utf8",
  });
  const [, pid, name] = /^p(\d+)\nc(.+)$/m.exec(stdout ?? "") ?? [];
  return pid !== undefined && name !== undefined ? { name, pid } : undefined;
}

/** Reads `users:(("snapserver",pid=123,fd=9))` out of what ss prints. */
export function parseSocketOwner(listing: string): Owner | undefined {
  const [, name, pid] = /users:\(\("([^"]+)",pid=(\d+)/.exec(listing) ?? [];
  return pid !== undefined && name !== undefined ? { name, pid } : undefined;
}

export function describeTaken(taken: readonly TakenPort[]): string {
  const lines = taken.map(({ flag, port, owner }) => {
    const by = owner ?? `another program (sudo ss -ltnp 'sport = :${port}' tells which)`;
    return `port ${port} is taken by ${by}; --${flag} N chooses another`;
  });
  const snapserver = taken.some(({ owner }) => owner?.startsWith("snapserver"));
  if (snapserver) lines.push("Snapcast's server steps aside with: sudo systemctl stop snapserver");
  return lines.join("\n       ");
}
