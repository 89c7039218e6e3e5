import { join } from "node:path";
import { freePort } from "../../test/e2e/harness/ports.ts";
import { Running } from "../../test/e2e/harness/running.ts";
import {
  fifoIn,
  type SnapserverPorts,
  snapserverArguments,
  startSnapserver,
} from "../../test/e2e/harness/snapserver.ts";
import { waitForPort } from "../../test/e2e/harness/wait-for-port.ts";
import { projectRoot } from "./card.ts";

export type Codec = "opus" | "flac" | "pcm";
export const CODECS: readonly Codec[] = ["opus", "flac", "pcm"];

export type SystemName = "tutti" | "snapcast";
export const SYSTEMS: readonly SystemName[] = ["tutti", "snapcast"];

/** A server of either kind on the FIFO in `directory`, with a buffer of one second. */
export async function startServer(
  system: SystemName,
  directory: string,
  codec: Codec,
): Promise<{ readonly process: Running; readonly port: number }> {
  if (system === "snapcast") {
    const server = await startSnapserver({ directory, codec });
    outlivesNot(server.process);
    return server;
  }
  const ports = {
    port: await freePort(),
    controlPort: await freePort(),
    httpPort: await freePort(),
  };
  const [program = "", ...words] = serverCommand("tutti", { directory, codec }, ports);
  const server = new Running(program, words);
  outlivesNot(server);
  await waitForPort(ports.port);
  return { process: server, port: ports.port };
}

/** As the profiles have it. */
const LIVE_BUFFER_MS_MAX = 100;
const CHUNK_MS = { live: 10, music: 20 };

/** How a server of either kind is started on the FIFO in the directory, with a buffer of one second unless told otherwise. */
export function serverCommand(
  system: SystemName,
  options: {
    readonly directory: string;
    readonly codec: Codec;
    readonly codecMin?: Codec;
    readonly bufferMs?: number;
    /** By mDNS. Snapcast's does as it finds Avahi or not. */
    readonly announced?: boolean;
  },
  ports: SnapserverPorts,
): string[] {
  if (system === "snapcast") return ["snapserver", ...snapserverArguments(options, ports)];
  const { bufferMs = 1_000, codecMin } = options;
  const chunkMs = CHUNK_MS[bufferMs <= LIVE_BUFFER_MS_MAX ? "live" : "music"];
  return [
    ...[process.execPath, join(projectRoot(), "packages/server/dist/bundle/main.cjs")],
    ...["--state-dir", join(options.directory, "server"), "--codec", options.codec],
    ...(codecMin ? ["--codec-min", codecMin] : []),
    ...["--source", `pipe://${fifoIn(options.directory)}?name=default&mode=read`],
    ...(options.announced ? [] : ["--no-mdns"]),
    ...["--stream-port", `${ports.port}`, "--control-port", `${ports.controlPort}`],
    ...["--http-port", `${ports.httpPort}`, "--chunk", `${chunkMs}`, "--buffer", `${bufferMs}`],
  ];
}

/** A benchmark that fails leaves nothing behind. */
const programs: Running[] = [];
process.once("exit", () => {
  for (const { child } of programs) child.kill("SIGKILL");
});

function outlivesNot(program: Running): Running {
  programs.push(program);
  return program;
}

/** A client of either kind that plays to ALSA's device "default". */
export function startClient(
  system: SystemName,
  server: { readonly port: number },
  options: { directory: string; id: string; environment: Readonly<Record<string, string>> },
): Running {
  const { directory, id, environment } = options;
  const address = { host: "127.0.0.1", port: server.port };
  const [program = "", ...words] = clientCommand(system, address, { directory, id });
  return outlivesNot(new Running(program, words, environment));
}

/** How a client of either kind is started that plays to ALSA's device "default". Without an address it finds its server. */
export function clientCommand(
  system: SystemName,
  at: { readonly host: string; readonly port: number } | undefined,
  { directory, id }: { readonly directory: string; readonly id: string },
): string[] {
  if (system === "snapcast") {
    const address = at ? ["-h", at.host, "-p", `${at.port}`] : [];
    return ["snapclient", ...address, "--hostID", id, "--logsink", "stdout"];
  }
  return [
    ...[process.execPath, join(projectRoot(), "packages/client/dist/bundle/main.cjs")],
    ...(at ? ["--host", at.host, "--port", `${at.port}`] : []),
    ...["--id", id, "--device", "default", "--state-dir", join(directory, id)],
  ];
}
