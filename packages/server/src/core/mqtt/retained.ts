import type { HouseStatus } from "@tutti/protocol/control";
import { type Device, devicesOf } from "./devices.ts";
import { discoveryMessage, discoveryTopic } from "./discovery.ts";
import { propertyTopic } from "./topics.ts";

/** How a house is shown. */
export interface BridgeOptions {
  readonly topicPrefix: string;
  /** Without it Home Assistant is told nothing, and forgets what it was told before. */
  readonly discovery: boolean;
  readonly discoveryPrefix: string;
  /** Whether groups are shown beside their speakers. */
  readonly groups: boolean;
  readonly syncErrorEverySeconds: number;
  /** Of this server. */
  readonly version: string;
  readonly bufferMs: number;
}

/** What a topic says. */
export interface Retained {
  readonly payload: string;
  /** A number that changes all the time: it may be out of date. */
  readonly wavering: boolean;
}

/** What each topic says while the house is as it is; of each device its discovery first. */
export function retainedOf(house: HouseStatus, options: BridgeOptions): Map<string, Retained> {
  const { topicPrefix, discovery } = options;
  const about = { ...options, sources: house.streams.map(({ id }) => id) };
  const topics = new Map<string, Retained>();
  for (const device of devicesOf(house, options.groups)) {
    const payload = discovery ? discoveryMessage(device, about) : "";
    topics.set(discoveryTopic(options, device), { payload, wavering: false });
    for (const [property, payload] of Object.entries(device.properties)) {
      const topic = propertyTopic(topicPrefix, device.kind, device.key, property);
      topics.set(topic, { payload, wavering: property === "sync_error" });
    }
  }
  return topics;
}

/** All topics that a device of any kind may have: to take away one that nothing is known of. */
export function topicsOf(
  options: BridgeOptions,
  { kind, key }: Pick<Device, "kind" | "key">,
): string[] {
  const properties = PROPERTIES.map((name) => propertyTopic(options.topicPrefix, kind, key, name));
  return [discoveryTopic(options, { kind, key }), ...properties];
}

const PROPERTIES = [
  ...(["name", "volume", "mute", "source", "delay"] as const),
  ...(["sync_error", "state", "availability"] as const),
];
