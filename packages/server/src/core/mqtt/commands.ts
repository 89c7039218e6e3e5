import { ProtocolError } from "@tutti/protocol";
import {
  type Client,
  encodeJson,
  type Group,
  type HouseStatus,
  type MethodInput,
  type MethodName,
} from "@tutti/protocol/control";
import { type PropertyPlace, topicKey } from "./topics.ts";

/** Longest that a command may be: the name of a stream fits several times. (characters) */
const COMMAND_CHARS_MAX = 1_024;

/** A JSON-RPC document as any remote would send it, or why there is none. */
export type Command =
  | { readonly kind: "call"; readonly text: string }
  | { readonly kind: "mistake"; readonly reason: string };

interface Call {
  readonly method: MethodName;
  readonly params: object;
}

/**
 * What somebody wants changed, as a call of the control API, whose schemas check it as those of all
 * remotes. The call's id is the topic. Never throws for what was sent.
 */
export function commandOf(
  topic: string,
  { kind, key, property }: PropertyPlace,
  payload: string,
  house: HouseStatus,
): Command {
  if (payload.length > COMMAND_CHARS_MAX) return mistake("It is too long");
  const asked = { payload, ifRevision: house.server.tutti.revision };
  try {
    const found =
      kind === "speaker"
        ? speakerCall(property, speaker(house, key), asked)
        : groupCall(property, group(house, key), asked);
    if (!found) return mistake(`A ${kind} has no such property that could be set`);
    return { kind: "call", text: encodeJson({ id: topic, jsonrpc: "2.0", ...found }) };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return mistake(error.message);
  }
}

interface Asked {
  readonly payload: string;
  /** Of the house in which the speaker's group was looked up. */
  readonly ifRevision: number;
}

function speakerCall(
  property: string,
  [{ id }, group]: readonly [Client, Group],
  { payload, ifRevision }: Asked,
): Call | undefined {
  switch (property) {
    case "volume":
      return call("Client.SetVolume", { id, volume: { percent: number(payload) } });
    case "mute":
      return call("Client.SetVolume", { id, volume: { muted: flag(payload) } });
    case "source":
      // There is no speaker without a group, and a group plays one stream.
      return call("Group.SetStream", { id: group.id, stream_id: payload, ifRevision });
    case "delay":
      return call("Client.SetLatency", { id, latency: number(payload) });
    case "identify":
      return call("Client.Identify", { id });
    default:
      return undefined;
  }
}

function groupCall(property: string, { id }: Group, { payload }: Asked): Call | undefined {
  switch (property) {
    case "volume":
      return call("Group.SetVolume", { id, percent: number(payload) });
    case "mute":
      return call("Group.SetMute", { id, mute: flag(payload) });
    case "source":
      return call("Group.SetStream", { id, stream_id: payload });
    default:
      return undefined;
  }
}

function call<Name extends MethodName>(method: Name, params: MethodInput<Name>): Call {
  return { method, params };
}

function speaker({ groups }: HouseStatus, key: string): readonly [Client, Group] {
  for (const group of groups) {
    const client = group.clients.find(({ id }) => topicKey(id) === key);
    if (client) return [client, group];
  }
  throw new ProtocolError("There is no such speaker");
}

function group({ groups }: HouseStatus, key: string): Group {
  const found = groups.find(({ id }) => topicKey(id) === key);
  if (!found) throw new ProtocolError("There is no such group");
  return found;
}

function number(payload: string): number {
  if (!/^[+-]?\d{1,9}(\.\d{1,9})?$/.test(payload.trim()))
    throw new ProtocolError("It is not a number");
  return Number(payload);
}

function flag(payload: string): boolean {
  if (payload !== "ON" && payload !== "OFF") throw new ProtocolError("It is neither ON nor OFF");
  return payload === "ON";
}

function mistake(reason: string): Command {
  return { kind: "mistake", reason };
}
