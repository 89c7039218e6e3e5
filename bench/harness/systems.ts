import { join } from "node:path";
import { freePort } from "../../test/e2e/harness/ports.ts";
import { Running } from "../../test/e2e/harness/running.ts";
import { fifoIn, startSnapserver } from "../../test/e2e/harness/snapserver.ts";
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
  const port = await freePort();
  const server = new Running(process.execPath, [
    join(projectRoot(), "packages/server/dist/bundle/main.cjs"),
    ...["--state-dir", join(directory, "server"), "--codec", codec, "--buffer", "1000"],
    ...["--source", `pipe://${fifoIn(directory)}?name=default&mode=read`, "--no-mdns"],
    ...["--stream-port", `${port}`, "--control-port", `${await freePort()}`],
    ...["--http-port", `${await freePort()}`, "--chunk", "20"],
  ]);
  outlivesNot(server);
  await waitForPort(port);
  return { process: server, port };
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
  const address = { host: "127.0.0.1", port: `${server.port}` };
  if (system === "snapcast") {
    const words = ["-h", address.host, "-p", address.port, "--hostID", id, "--logsink", "stdout"];
    return outlivesNot(new Running("snapclient", words, environment));
  }
  const words = [
    join(projectRoot(), "packages/client/dist/bundle/main.cjs"),
    ...["--host", address.host, "--port", address.port, "--id", id],
    ...["--device", "default", "--state-dir", join(directory, id)],
  ];
  return outlivesNot(new Running(process.execPath, words, environment));
}
