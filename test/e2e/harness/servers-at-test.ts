import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "./ports.ts";
import { Running } from "./running.ts";
import { startTuttiServer } from "./tutti-server.ts";
import { waitForPort } from "./wait-for-port.ts";

/** A server under comparison, Debian's or ours. */
export interface ServerAtTest {
  readonly process: Running;
  readonly port: number;
  readonly controlPort: number;
  readonly httpPort: number;
}

/** Where a stream of that name is fed. */
export function pipeIn(directory: string, name: string): string {
  return join(directory, `${name}.fifo`);
}

/** A stream from a FIFO of that name in the directory, which the server makes. */
export function pipeUri(directory: string, name: string, more = ""): string {
  return `pipe://${pipeIn(directory, name)}?name=${name}&mode=create${more}`;
}

/** Debian's snapserver on these sources; without a codec of their own they are FLAC. */
export async function startTheirs(
  directory: string,
  sources: readonly string[],
): Promise<ServerAtTest> {
  const [port, controlPort, httpPort] = [await freePort(), await freePort(), await freePort()];
  const state = join(directory, "snapserver");
  mkdirSync(state, { recursive: true });
  writeFileSync(join(directory, "empty.conf"), "");
  const process = new Running("snapserver", [
    ...["-c", join(directory, "empty.conf"), `--server.datadir=${state}`],
    ...sources.map((uri) => `--stream.source=${uri}`),
    ...[`--stream.port=${port}`, `--tcp.port=${controlPort}`, `--http.port=${httpPort}`],
    ...["--http.doc_root=", "--stream.codec=flac", "--logging.sink=stdout"],
  ]);
  await Promise.all([waitForPort(port), waitForPort(controlPort), waitForPort(httpPort)]);
  return { process, port, controlPort, httpPort };
}

/** Ours on the same. */
export function startOurs(
  directory: string,
  [first, ...others]: readonly [string, ...string[]],
): Promise<ServerAtTest> {
  const flags = [...others.flatMap((uri) => ["--source", uri]), "--codec", "flac"];
  return startTuttiServer({ directory, source: first, flags });
}
