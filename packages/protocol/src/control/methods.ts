import { z } from "zod";
import { ReportedStats } from "./client-stats.ts";
import { changed, changing, JsonValue, type MethodSpec } from "./method-spec.ts";
import { Client, Group, HouseStatus } from "./model.ts";
import { OWN_METHODS } from "./own-methods.ts";
import { SERVER_METHODS } from "./server-methods.ts";

/** Ten times what remotes send. */
const STREAM_URI_CHARS_MAX = 2_000;

const id = z.string();
const NoParams = z.object({});
const ClientParams = z.object({ id });
const GroupParams = z.object({ id });
const WholeHouse = z.object({ server: HouseStatus });

/** What is left out, or null, stays as it is. */
const VolumeChange = z.object({
  muted: z.boolean().nullish(),
  /** Clamped to 0..100; fractions are cut off. */
  percent: z.number().nullish(),
});

const RpcCommand = z.object({
  description: z.string(),
  hasPermission: z.boolean(),
  method: z.string(),
  requires: z.string(),
});

/** Every method there is, by name: types, checks and documentation all come from here. */
export const METHODS = {
  ...OWN_METHODS,
  ...SERVER_METHODS,
  "Client.GetStats": {
    summary: "How well a client plays, by its own last report; null when it sends none",
    params: ClientParams,
    result: z.object({ stats: ReportedStats.nullable() }),
  },
  "Client.GetStatus": {
    summary: "One client",
    params: ClientParams,
    result: z.object({ client: Client }),
  },
  "Client.SetLatency": {
    summary: "Set what the speaker adds after the converter, in ms, tenths allowed",
    params: changing({ id, latency: z.number() }),
    result: changed({ latency: z.number() }),
    changes: true,
    told: ["Client.OnLatencyChanged"],
  },
  "Client.SetName": {
    summary: "Name a client",
    params: changing({ id, name: z.string() }),
    result: changed({ name: z.string() }),
    changes: true,
    told: ["Client.OnNameChanged"],
  },
  "Client.SetVolume": {
    summary: "Set volume and mute of a client; what is left out stays",
    params: changing({ id, volume: VolumeChange }),
    result: changed({ volume: Client.shape.config.shape.volume }),
    changes: true,
    told: ["Client.OnVolumeChanged"],
  },
  "General.GetRPCCommands": {
    summary: "All methods",
    params: NoParams,
    result: z.object({ commands: z.array(RpcCommand) }),
  },
  "Group.GetStatus": {
    summary: "One group and its clients",
    params: GroupParams,
    result: z.object({ group: Group }),
  },
  "Group.SetClients": {
    summary: "Give a group exactly these clients; those sent away get groups of their own",
    params: changing({ id, clients: z.array(z.string()) }),
    result: changed({ server: HouseStatus }),
    changes: true,
    told: ["Server.OnUpdate"],
  },
  "Group.SetMute": {
    summary: "Mute a group, beside the mutes of its clients",
    params: changing({ id, mute: z.boolean() }),
    result: changed({ mute: z.boolean() }),
    changes: true,
    told: ["Group.OnMute"],
  },
  "Group.SetName": {
    summary: "Name a group",
    params: changing({ id, name: z.string() }),
    result: changed({ name: z.string() }),
    changes: true,
    told: ["Group.OnNameChanged"],
  },
  "Group.SetStream": {
    summary: "Choose what a group plays",
    params: changing({ id, stream_id: z.string() }),
    result: changed({ stream_id: z.string() }),
    changes: true,
    told: ["Group.OnStreamChanged"],
  },
  "Server.DeleteClient": {
    summary: "Forget a client and what was set on it",
    params: changing({ id }),
    result: changed({ server: HouseStatus }),
    changes: true,
    told: ["Server.OnUpdate"],
  },
  "Server.GetRPCVersion": {
    summary: "Version of this API",
    params: NoParams,
    result: z.object({ major: z.int(), minor: z.int(), patch: z.int() }),
  },
  "Server.GetStatus": {
    summary: "The whole house: groups, clients, streams",
    params: NoParams,
    result: WholeHouse,
  },
  "Stream.AddStream": {
    summary: "Add a stream from a tcp source, where the server's addStreams allows that",
    params: changing({
      streamUri: z
        .string()
        .max(STREAM_URI_CHARS_MAX)
        .describe("tcp://host:port?name=...&mode=server; sources.md has the other parameters"),
    }),
    result: changed({ id, stream_id: z.string() }),
    changes: true,
    told: ["Server.OnUpdate"],
  },
  "Stream.Control": {
    summary: "Command the player behind a stream: play, pause, next, seek, ...",
    params: changing({ id, command: z.string(), params: z.looseObject({}).nullish() }),
    result: z.literal("ok"),
    changes: true,
  },
  "Stream.RemoveStream": {
    summary: "Remove a stream that was added; its groups go on with the default stream",
    params: changing({ id }),
    result: changed({ id, stream_id: z.string() }),
    changes: true,
    told: ["Server.OnUpdate"],
  },
  "Stream.SetProperty": {
    summary: "Set a property of the player behind a stream: shuffle, loopStatus, ...",
    params: changing({ id, property: z.string(), value: JsonValue }),
    result: z.literal("ok"),
    changes: true,
  },
  "rpc.discover": {
    summary: "This API as an OpenRPC document, also served at /openrpc.json",
    params: NoParams,
    result: z.looseObject({ openrpc: z.string() }),
  },
} as const satisfies Record<string, MethodSpec>;

export type MethodName = keyof typeof METHODS;
export type MethodParams<Name extends MethodName> = z.infer<(typeof METHODS)[Name]["params"]>;
/** Parameters as a caller may give them: what has a default may be left out. */
export type MethodInput<Name extends MethodName> = z.input<(typeof METHODS)[Name]["params"]>;
export type MethodResult<Name extends MethodName> = z.infer<(typeof METHODS)[Name]["result"]>;

export function isMethod(name: string): name is MethodName {
  return Object.hasOwn(METHODS, name);
}

/** The parameters of a call, or in one sentence what is wrong with them. */
export type ReadParams<Name extends MethodName> =
  | { readonly ok: true; readonly params: MethodParams<Name> }
  | { readonly ok: false; readonly mistake: string };

/** Checks the parameters of a call. Left out altogether, or an empty list, they count as none. */
export function readParams<Name extends MethodName>(name: Name, params: unknown): ReadParams<Name> {
  const given = params === null || Array.isArray(params) ? {} : params;
  const read = METHODS[name].params.safeParse(given, { reportInput: true });
  if (read.success) return { ok: true, params: read.data as MethodParams<Name> };
  return { ok: false, mistake: mistakeOf(read.error.issues[0]) };
}

function mistakeOf(issue: z.core.$ZodIssue | undefined): string {
  const name = issue?.path.join(".") ?? "";
  if (issue?.input === undefined) return `Parameter '${name}' is missing`;
  if (issue.code === "too_small" || issue.code === "too_big")
    return `Parameter '${name}' is ${issue.code === "too_big" ? "too big" : "too small"}`;
  if (issue.code !== "invalid_type") return `Parameter '${name}' is not valid`;
  return `Parameter '${name}' must be ${issue.expected}`;
}
