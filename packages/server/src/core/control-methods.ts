import { internalError, METHODS, type MethodResult, openRpc } from "@tutti/protocol/control";
import { addStream, removeStream } from "./control-adding.ts";
import { answer, type ControlContext, type Methods } from "./control-context.ts";
import { CLIENT_NOT_FOUND, GROUP_NOT_FOUND, STREAM_NOT_FOUND } from "./control-refusals.ts";
import { refuseCommand, refuseProperty } from "./control-streams.ts";
import { ownMethods } from "./own-methods.ts";
import { clientShape, groupShape } from "./reports.ts";
import { serverMethods } from "./server-methods.ts";
import { type StreamStatus, whole } from "./status.ts";

/** One function for each method; parameters are checked before, ids are looked up here. */
export const methods: Methods = {
  ...ownMethods,
  ...serverMethods,
  "Client.GetStats": ({ id }, { house, reports }) =>
    house.client(id) ? answer({ stats: reports().get(id) ?? null }) : { error: CLIENT_NOT_FOUND },
  "Client.GetStatus": ({ id }, { house, reports }) => {
    const client = house.client(id);
    if (!client) return { error: CLIENT_NOT_FOUND };
    return answer({ client: clientShape(client, reports()) });
  },
  "Client.SetLatency": ({ id, latency }, { house }) => {
    if (!house.client(id)) return { error: CLIENT_NOT_FOUND };
    const changes = house.setLatency(id, latency);
    return { result: { latency: house.settingsOf(id).latencyMs }, changes };
  },
  "Client.SetName": ({ id, name }, { house }) => {
    if (!house.client(id)) return { error: CLIENT_NOT_FOUND };
    const changes = house.setClientName(id, name);
    return { result: { name: house.client(id)?.config.name ?? name }, changes };
  },
  "Client.SetVolume": ({ id, volume: { muted, percent } }, { house }) => {
    if (!house.client(id)) return { error: CLIENT_NOT_FOUND };
    const { volume, changes } = house.setVolume(id, {
      muted: muted ?? undefined,
      percent: percent ?? undefined,
    });
    return { result: { volume }, changes };
  },
  "General.GetRPCCommands": () => answer({ commands: commands() }),
  "Group.GetStatus": ({ id }, { house, reports }) => {
    const group = house.group(id);
    if (!group) return { error: GROUP_NOT_FOUND };
    return answer({ group: groupShape(group, reports()) });
  },
  "Group.SetClients": ({ id, clients }, context) => {
    const { house } = context;
    if (!house.group(id)) return { error: GROUP_NOT_FOUND };
    if (!house.hasRoomFor(id, clients)) return { error: internalError("Too many groups") };
    const changes = house.setMembers(id, clients);
    return { result: { server: whole(context) }, changes };
  },
  "Group.SetMute": ({ id, mute }, { house }) =>
    house.group(id)
      ? { result: { mute }, changes: house.setMute(id, mute) }
      : { error: GROUP_NOT_FOUND },
  "Group.SetName": ({ id, name }, { house }) => {
    if (!house.group(id)) return { error: GROUP_NOT_FOUND };
    const changes = house.setGroupName(id, name);
    return { result: { name: house.group(id)?.name ?? name }, changes };
  },
  "Group.SetStream": ({ id, stream_id }, { house }) => {
    if (!house.group(id)) return { error: GROUP_NOT_FOUND };
    if (!house.hasStream(stream_id)) return { error: STREAM_NOT_FOUND };
    return { result: { stream_id }, changes: house.setStream(id, stream_id) };
  },
  "Server.DeleteClient": ({ id }, context) => {
    if (!context.house.client(id)) return { error: CLIENT_NOT_FOUND };
    const changes = context.house.deleteClient(id);
    return { result: { server: whole(context) }, changes };
  },
  "Server.GetRPCVersion": () => answer({ major: 2, minor: 0, patch: 0 }),
  "Server.GetStatus": (_, context) => answer({ server: whole(context) }),
  "Stream.AddStream": ({ streamUri }, context) => addStream(streamUri, context),
  "Stream.Control": (params, context) => ({
    error: refuseCommand(streamOf(params.id, context), params),
  }),
  "Stream.RemoveStream": ({ id }, context) => removeStream(id, context),
  "Stream.SetProperty": (params, context) => ({
    error: refuseProperty(streamOf(params.id, context), params),
  }),
  "rpc.discover": (_, { about }) => answer({ ...openRpc(about.version) }),
};

function streamOf(id: string, { streams }: ControlContext): StreamStatus | undefined {
  return streams.find((stream) => stream.id === id);
}

function commands(): MethodResult<"General.GetRPCCommands">["commands"] {
  return Object.entries(METHODS).map(([method, { summary }]) => ({
    description: summary,
    hasPermission: true,
    method,
    requires: method,
  }));
}
