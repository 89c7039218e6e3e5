import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./ports.ts";
import { Running } from "./running.ts";
import { fifoIn } from "./snapserver.ts";

/** Our server as it was built. */
export const SERVER_MAIN = fileURLToPath(
  new URL("../../../packages/server/dist/bundle/main.cjs", import.meta.url),
);

export interface TuttiServer {
  readonly process: Running;
  readonly port: number;
  readonly controlPort: number;
  readonly httpPort: number;
}

export interface TuttiServerOptions {
  /** A directory of the test's own: state, and the FIFO unless another source is named. */
  readonly directory: string;
  readonly source?: string;
  readonly flags?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
}

/** Our server on ports of 127.0.0.1 that nobody uses. Resolves once it is ready. */
export async function startTuttiServer(options: TuttiServerOptions): Promise<TuttiServer> {
  const [port, controlPort, httpPort] = [await freePort(), await freePort(), await freePort()];
  const flags = [
    SERVER_MAIN,
    ...["--source", options.source ?? `pipe://${fifoIn(options.directory)}?name=default`],
    ...["--state-dir", join(options.directory, "state"), "--address", "127.0.0.1", "--no-mdns"],
    ...["--stream-port", `${port}`, "--control-port", `${controlPort}`],
    ...["--http-port", `${httpPort}`, "--initial-volume", "100"],
    ...(options.flags ?? []),
  ];
  const process = new Running(globalThis.process.execPath, flags, options.environment);
  await process.line(/Tutti server .* plays/);
  return { process, port, controlPort, httpPort };
}
