import { assert, CLIENTS_MAX, GROUPS_MAX } from "@tutti/protocol";
import { House } from "./house.ts";
import type { ServerCoreConfig } from "./input.ts";
import type { ServerPorts } from "./ports.ts";

/** The house as it was saved, with the streams and limits of the configuration. */
export function configuredHouse(config: ServerCoreConfig, { randomId }: ServerPorts): House {
  const streamIds = config.streams.map(({ name }) => name);
  const [defaultStream] = streamIds;
  assert(defaultStream !== undefined, "a server has at least one stream");
  return new House({
    saved: config.saved,
    defaultStream,
    streamIds,
    bufferMs: config.bufferMs,
    initialVolume: config.initialVolume,
    randomId,
    clientsMax: CLIENTS_MAX,
    groupsMax: GROUPS_MAX,
  });
}
