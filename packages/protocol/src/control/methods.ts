import { z } from "zod";
import { ReportedStats } from "./client-stats.ts";
import { Client, Group, HouseStatus } from "./model.ts";

/** One call of the control API. Parameters beyond those named here are tolerated. */
export interface MethodSpec {
  /** What it does, as a person reads it in the API's own description. */
  readonly summary: string;
  readonly params: z.ZodObject;
  readonly result: z.ZodType;
}

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
    params: z.object({ id, latency: z.number() }),
    result: z.object({ latency: z.number() }),
  },
  "Client.SetName": {
    summary: "Name a client",
    params: z.object({ id, name: z.string() }),
    result: z.object({ name: z.string() }),
  },
  "Client.SetVolume": {
    summary: "Set volume and mute of a client; what is left out stays",
    params: z.object({ id, volume: VolumeChange }),
    result: z.object({ volume: Client.shape.config.shape.volume }),
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
    params: z.object({ id, clients: z.array(z.string()) }),
    result: WholeHouse,
  },
  "Group.SetMute": {
    summary: "Mute a group, beside the mutes of its clients",
    params: z.object({ id, mute: z.boolean() }),
    result: z.object({ mute: z.boolean() }),
  },
  "Group.SetName": {
    summary: "Name a group",
    params: z.object({ id, name: z.string() }),
    result: z.object({ name: z.string() }),
  },
  "Group.SetStream": {
    summary: "Choose what a group plays",
    params: z.object({ id, stream_id: z.string() }),
    result: z.object({ stream_id: z.string() }),
  },
  "Server.DeleteClient": {
    summary: "Forget a client and what was set on it",
    params: ClientParams,
    result: WholeHouse,
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
    summary: "Add a source",
    params: z.object({ streamUri: z.string() }),
    result: z.object({ id, stream_id: z.string() }),
  },
  "Stream.Control": {
    summary: "Command the player behind a stream: play, pause, next, seek, ...",
    params: z.object({ id, command: z.string(), params: z.looseObject({}).nullish() }),
    result: z.literal("ok"),
  },
  "Stream.RemoveStream": {
    summary: "Remove a source that was added",
    params: z.object({ id }),
    result: z.object({ id, stream_id: z.string() }),
  },
  "Stream.SetProperty": {
    summary: "Set a property of the player behind a stream: shuffle, loopStatus, ...",
    params: z.object({ id, property: z.string(), value: z.json() }),
    result: z.literal("ok"),
  },
} as const satisfies Record<string, MethodSpec>;

export type MethodName = keyof typeof METHODS;
export type MethodParams<Name extends MethodName> = z.infer<(typeof METHODS)[Name]["params"]>;
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
  if (issue.code !== "invalid_type") return `Parameter '${name}' is not valid`;
  return `Parameter '${name}' must be ${issue.expected}`;
}
