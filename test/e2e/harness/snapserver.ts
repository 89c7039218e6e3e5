import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "./ports.ts";
import { inRealTime } from "./real-time.ts";
import { Running } from "./running.ts";
import { waitForPort } from "./wait-for-port.ts";

export interface SnapserverOptions {
  /** A directory of the test's own; the FIFO is `music.fifo` in it. */
  readonly directory: string;
  readonly codec: "pcm" | "flac" | "opus";
  readonly bufferMs?: number;
  readonly port?: number;
}

export interface Snapserver {
  readonly process: Running;
  readonly port: number;
}

export function fifoIn(directory: string): string {
  return join(directory, "music.fifo");
}

export interface SnapserverPorts {
  readonly port: number;
  readonly controlPort: number;
  readonly httpPort: number;
}

/** Arguments for one stream from the FIFO. Makes the files that it wants in the directory. */
export function snapserverArguments(
  { directory, codec, bufferMs = 1_000 }: SnapserverOptions,
  { port, controlPort, httpPort }: SnapserverPorts,
): string[] {
  const empty = join(directory, "empty.conf");
  writeFileSync(empty, "");
  mkdirSync(join(directory, "snapserver"), { recursive: true });
  return [
    ...["-c", empty, `--server.datadir=${join(directory, "snapserver")}`],
    `--stream.source=pipe://${fifoIn(directory)}?name=default&mode=read`,
    ...[`--stream.port=${port}`, `--tcp.port=${controlPort}`],
    ...[`--http.port=${httpPort}`, "--http.doc_root="],
    ...[`--stream.codec=${codec}`, `--stream.buffer=${bufferMs}`, "--stream.chunk_ms=20"],
    "--logging.sink=stdout",
  ];
}

/** Debian's snapserver. Resolves once it listens. */
export async function startSnapserver(options: SnapserverOptions): Promise<Snapserver> {
  const port = options.port ?? (await freePort());
  const ports = { port, controlPort: await freePort(), httpPort: await freePort() };
  const process = new Running(...inRealTime("snapserver", snapserverArguments(options, ports)));
  await waitForPort(port);
  return { process, port };
}
