import { meanVolume } from "@tutti/protocol";
import type { Client, Group, HouseStatus, Stream } from "@tutti/protocol/control";
import { type Kind, topicKey } from "./topics.ts";

/** A speaker or a group as home automation sees it. */
export interface Device {
  readonly kind: Kind;
  readonly key: string;
  /** What people call it. */
  readonly name: string;
  /** The program that plays; of a group this server. */
  readonly model: string;
  readonly version: string | undefined;
  /** What each of its topics says, by property. */
  readonly properties: Readonly<Record<string, string>>;
  /** What it can be told: the topics that take a "/set". */
  readonly settable: readonly string[];
}

/** How a client of our own kind calls itself: it chimes when told to, and reports how well it plays. */
const OWN_PROGRAM = "Tutti";

/** What Home Assistant takes for "not known". */
export const UNKNOWN = "None";

/** Speakers, and where wanted the groups of two and more: one alone is its speaker. */
export function devicesOf({ groups, streams }: HouseStatus, withGroups: boolean): Device[] {
  return groups.flatMap((group) => {
    const stream = streams.find(({ id }) => id === group.stream_id);
    const speakers = group.clients.map((client) => speakerOf(client, stream));
    return withGroups && speakers.length > 1 ? [...speakers, groupOf(group, stream)] : speakers;
  });
}

/** What people call a client. */
export function nameOf({ config, host, id }: Client): string {
  return config.name || host.name || id;
}

function speakerOf(client: Client, stream: Stream | undefined): Device {
  const { config, connected, snapclient, stats } = client;
  const own = snapclient.name === OWN_PROGRAM;
  const error = stats?.syncErrorUs;
  return {
    kind: "speaker",
    key: topicKey(client.id),
    name: nameOf(client),
    model: snapclient.name,
    version: snapclient.version,
    properties: {
      name: nameOf(client),
      volume: String(config.volume.percent),
      mute: flag(config.volume.muted),
      source: stream?.id ?? UNKNOWN,
      delay: String(config.latency),
      ...(own && { sync_error: error === undefined ? UNKNOWN : String(Math.round(error)) }),
      state: stateOf(connected, stream),
      availability: connected ? "online" : "offline",
    },
    settable: ["volume", "mute", "source", "delay", ...(own ? ["identify"] : [])],
  };
}

function groupOf(group: Group, stream: Stream | undefined): Device {
  const { clients } = group;
  const connected = clients.some((client) => client.connected);
  const name = group.name || clients.map(nameOf).join(" + ");
  return {
    kind: "group",
    key: topicKey(group.id),
    name,
    model: "group",
    version: undefined,
    properties: {
      name,
      volume: String(Math.round(meanVolume(clients.map(({ config }) => config.volume.percent)))),
      mute: flag(group.muted),
      source: stream?.id ?? UNKNOWN,
      state: stateOf(connected, stream),
      availability: connected ? "online" : "offline",
    },
    settable: ["volume", "mute", "source"],
  };
}

function stateOf(connected: boolean, stream: Stream | undefined): string {
  if (!connected) return "offline";
  return stream?.status === "playing" ? "playing" : "idle";
}

function flag(on: boolean): string {
  return on ? "ON" : "OFF";
}
