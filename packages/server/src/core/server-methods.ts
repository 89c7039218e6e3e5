import { CLIENTS_MAX, CONTROL_LINE_BYTES_MAX, GROUPS_MAX } from "@tutti/protocol";
import {
  internalError,
  LOG_LINES_MAX,
  type MethodResult,
  type SERVER_METHODS,
  type ServerInfo,
} from "@tutti/protocol/control";
import { answer, type ControlContext, type Methods } from "./control-context.ts";
import { PRESETS_MAX } from "./house-presets.ts";
import type { ServerFacts } from "./ports.ts";

const NOT_TOLD = { error: internalError("This server tells nothing of itself") };

/** One function for each method that tells of the server itself. */
export const serverMethods: Pick<Methods, keyof typeof SERVER_METHODS> = {
  "Server.GetConfig": (_, { facts }) =>
    facts
      ? answer({ config: facts.config() as MethodResult<"Server.GetConfig">["config"] })
      : NOT_TOLD,
  "Server.GetInfo": (_, context) =>
    context.facts ? answer({ info: infoOf(context, context.facts) }) : NOT_TOLD,
  "Server.GetLog": (query, { facts }) => {
    if (!facts) return NOT_TOLD;
    const told = facts.log(query);
    if (query.follow === undefined) return answer(told);
    return { ...answer(told), follow: { ...query, after: told.last } };
  },
};

function infoOf({ about, house, streams, wall }: ControlContext, facts: ServerFacts): ServerInfo {
  const { nodeVersion, startedAt, addresses, ports } = facts.process();
  const groups = house.groups();
  const clients = groups.flatMap((group) => group.clients);
  const playing = (stream: string) =>
    groups
      .filter((group) => group.stream_id === stream)
      .flatMap((group) => group.clients)
      .filter(({ connected }) => connected).length;
  return {
    name: about.name,
    version: about.version,
    host: { arch: "", name: "", os: "", ...about.host },
    nodeVersion,
    startedAt,
    uptimeSeconds: Math.max(0, Math.round(wall.sec + wall.usec / 1e6 - startedAt)),
    revision: house.revision,
    addresses,
    ports,
    streams: streams.map(({ id, status, uri }) => ({
      ...{ id, status, source: uri.scheme, clients: playing(id) },
      ...{ codec: uri.query.codec ?? "", sampleFormat: uri.query.sampleformat ?? "" },
    })),
    clients: {
      known: clients.length,
      connected: clients.filter(({ connected }) => connected).length,
    },
    limits: {
      ...{ clients: CLIENTS_MAX, groups: GROUPS_MAX, presets: PRESETS_MAX },
      ...{ documentBytes: CONTROL_LINE_BYTES_MAX, logLines: LOG_LINES_MAX },
    },
  };
}
