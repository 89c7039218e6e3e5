import { hostname, machine, release, type } from "node:os";
import { type Hello, VERSION } from "@tutti/protocol";
import type { ClientConfig } from "@tutti/protocol/config";
import { COMMANDS } from "./core/index.ts";
import { DECODER_NAMES } from "./decoders/index.ts";
import { macAddress, stableId } from "./identity.ts";

/** How this client introduces itself. `problem` says why a made-up id could not be kept. */
export function makeHello(config: ClientConfig): { hello: Hello; problem?: string } {
  const mac = macAddress();
  const { id, problem } =
    config.id === undefined ? stableId(config.stateDir, mac) : { id: config.id };
  const hello: Hello = {
    id,
    mac,
    instance: config.instance,
    // What remotes show for a client that nobody has named there.
    hostName: config.name ?? hostname(),
    clientName: "Tutti",
    version: VERSION,
    os: `${type()} ${release()}`,
    arch: machine(),
    protocolVersion: 2,
    tutti: { version: VERSION, codecs: DECODER_NAMES, udpTime: true, commands: COMMANDS },
  };
  return { hello, ...(problem !== undefined && { problem }) };
}
